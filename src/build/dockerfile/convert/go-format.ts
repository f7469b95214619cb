import { quote } from '../values/quote.ts';

/** Go's `%q` of a list: `["a" "b"]`. */
export function quoteList(list: readonly string[]): string {
  return `[${list.map(quote).join(' ')}]`;
}

/** Go's `%v` of a list: `[a b]`. */
export function plainList(list: readonly string[]): string {
  return `[${list.join(' ')}]`;
}

/** Go's `%q` of a number, which is a character: `'\x03'`. */
export function quoteNumber(number: number): string {
  const isChar = number >= 0 && number <= 0x10ffff && !(number >= 0xd800 && number <= 0xdfff);
  const text = quote(isChar ? String.fromCodePoint(number) : '\ufffd').slice(1, -1);
  return `'${text === '\\"' ? '"' : text.replace(/^'$/, "\\'")}'`;
}

const SECOND = 1_000_000_000;

/** Go's form of a duration: `1m30s`, `1.5s`, `10ms`. */
export function formatDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < SECOND) {
    const [unit, size] = nanos < 1000 ? ['ns', 1] : nanos < 1_000_000 ? ['µs', 1000] : ['ms', 1_000_000];
    return `${nanos / Number(size)}${unit}`;
  }
  const seconds = Math.floor(nanos / SECOND);
  const fraction = String(nanos % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${seconds % 60}${fraction === '' ? '' : `.${fraction}`}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
