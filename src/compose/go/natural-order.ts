const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/**
 * The order in which Go's yaml package writes the keys of a map: letters after other characters, and numbers within by
 * their value, so that `web2` comes before `web10`.
 */
export function naturalOrder(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  let afterDigits = false;
  for (let at = 0; at < left.length && at < right.length; at++) {
    const [l = '', r = ''] = [left[at], right[at]];
    if (l === r) {
      afterDigits = DIGIT.test(l);
      continue;
    }
    const leftIsLetter = LETTER.test(l);
    const rightIsLetter = LETTER.test(r);
    if (leftIsLetter && rightIsLetter) return codeOf(l) - codeOf(r);
    if (leftIsLetter || rightIsLetter) return leftIsLetter === afterDigits ? -1 : 1;
    return numbersFirst(left, right, at);
  }
  return left.length - right.length;
}

/** Compares from the first difference, where neither side is a letter. */
function numbersFirst(left: readonly string[], right: readonly string[], at: number): number {
  // A zero counts only behind a digit other than zero: then both numbers have as many digits before it.
  const lead = (left[at] === '0' || right[at] === '0') && hasDigitBefore(left, at) ? 1n : 0n;
  const l = numberAt(left, at, lead);
  const r = numberAt(right, at, lead);
  if (l.value !== r.value) return l.value < r.value ? -1 : 1;
  if (l.end !== r.end) return l.end - r.end;
  return codeOf(left[at] ?? '') - codeOf(right[at] ?? '');
}

function hasDigitBefore(chars: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0 && DIGIT.test(chars[before] ?? ''); before--)
    if (chars[before] !== '0') return true;
  return false;
}

function numberAt(chars: readonly string[], start: number, lead: bigint): { value: bigint; end: number } {
  let end = start;
  while (end < chars.length && DIGIT.test(chars[end] ?? '')) end++;
  // Go counts in 64 bits.
  const digits = chars.slice(start, end).map((char) => codeOf(char) - 48);
  const value = digits.reduce((sum, digit) => BigInt.asIntN(64, sum * 10n + BigInt(digit)), lead);
  return { value, end };
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
