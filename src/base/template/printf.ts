import {
  display,
  displayNumber,
  Fields,
  GoTime,
  isInteger,
  isMap,
  isNumber,
  isObject,
  sortedKeys,
  typeName,
  type Value,
} from './value.ts';

interface Spec {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

/** Go's largest width and precision that an argument gives. */
const SIZE_MAX = 1_000_000;
/** The longest text that a function makes of numbers. */
export const LETTERS_MAX = 64 * SIZE_MAX;
/** A width or precision in the format that Go takes for none: it ends there. */
const OVERFLOW = /%[+\-# 0]*(?:\d{8,}|(?:\*|\d+)?\.\d{8,})/;

/** `fmt.Sprintf`: verbs v s q d t x X o b c U e f g T and `%`, flags `+-# 0`, width and precision, `*`. */
export function sprintf(text: string, args: readonly Value[]): string {
  const end = text.search(OVERFLOW);
  const format = end < 0 ? text : text.slice(0, end);
  let next = 0;
  let letters = 0;
  const bounded = (part: string): string => {
    letters += part.length;
    if (letters > LETTERS_MAX) throw new Error(`the result has more than ${LETTERS_MAX} letters`);
    return part;
  };
  const expanded = format.replace(
    /%([+\-# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.|$)/gsu,
    (all, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '') return '%!(NOVERB)';
      if (verb === '%') return '%';
      const star = (given: string | undefined): number | undefined =>
        given === '*' ? Number(args[next++]) : given === undefined ? undefined : Number(given);
      const wide = star(width);
      const hasPoint = all.slice(0, -verb.length).includes('.');
      const precise = hasPoint ? (star(precision) ?? 0) : undefined;
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const left = wide !== undefined && wide < 0;
      const isTooWide = width === '*' && Math.abs(wide ?? 0) > SIZE_MAX;
      const isTooPrecise = precision === '*' && (precise ?? 0) > SIZE_MAX;
      const spec = {
        flags: left ? `${flags}-` : flags,
        width: wide === undefined || isTooWide ? undefined : Math.abs(wide),
        precision: isTooPrecise ? undefined : precise,
        verb,
      };
      const complaint = `${isTooWide ? '%!(BADWIDTH)' : ''}${isTooPrecise ? '%!(BADPREC)' : ''}`;
      return bounded(complaint + formatOne(spec, args[next++]));
    },
  );
  const out = end < 0 ? expanded : `${expanded}%!(NOVERB)`;
  if (next >= args.length) return out;
  const extra = args
    .slice(next)
    .map((arg) => (arg === null || arg === undefined ? '<nil>' : `${typeName(arg)}=${display(arg, 1)}`));
  return `${out}%!(EXTRA ${extra.join(', ')})`;
}

/** `fmt.Sprint`: a space between two operands when neither is a string. */
export function sprint(args: readonly Value[]): string {
  let out = '';
  for (const [index, arg] of args.entries()) {
    if (index > 0 && typeof arg !== 'string' && typeof args[index - 1] !== 'string') out += ' ';
    out += display(arg, 1);
  }
  return out;
}

function formatOne(spec: Spec, value: Value): string {
  const { flags, width = 0 } = spec;
  const text = spec.verb === 'T' ? typeName(value) : render(spec, value);
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  const zeros = flags.includes('0') && (isNumber(value) || typeof value === 'string');
  if (!zeros) return ' '.repeat(missing) + text;
  const sign = isNumber(value) && /^[+-]/.test(text) ? text.slice(0, 1) : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function render(spec: Spec, value: Value): string {
  const { verb } = spec;
  if (value === null || value === undefined) return verb === 'v' ? '<nil>' : `%!${verb}(<nil>)`;
  if (Array.isArray(value) && verb !== 'v') return `[${value.map((item) => render(spec, item)).join(' ')}]`;
  if (isObject(value) && verb !== 'v') return composite(spec, value);
  if (verb === 'v') return renderDefault(spec, value);
  if (typeof value === 'string') return renderString(spec, value);
  if (value instanceof GoTime) return renderString(spec, value.toString());
  if (typeof value === 'boolean') return verb === 't' ? String(value) : mismatch(spec, value);
  if (isInteger(value) && !'eEfFgG'.includes(verb)) return renderInteger(spec, BigInt(value));
  return typeof value === 'number' && 'eEfFgG'.includes(verb) && !Number.isInteger(value)
    ? renderFloat(spec, value)
    : mismatch(spec, value);
}

function composite(spec: Spec, value: object): string {
  const entries = value instanceof Fields ? value.fields : (value as Record<string, Value>);
  if (!isMap(value))
    return `{${Object.values(entries)
      .map((item) => render(spec, item))
      .join(' ')}}`;
  return `map[${sortedKeys(entries)
    .map((key) => `${render(spec, key)}:${render(spec, entries[key])}`)
    .join(' ')}]`;
}

function renderDefault({ flags }: Spec, value: Value): string {
  if (flags.includes('#')) return typeof value === 'string' ? quote(value) : display(value, 1);
  if (flags.includes('+') && isObject(value) && !isMap(value)) {
    const fields = value instanceof Fields ? value.fields : value;
    return `{${Object.entries(fields)
      .map(([key, item]) => `${key}:${display(item, 1)}`)
      .join(' ')}}`;
  }
  return display(value, 1);
}

function renderString(spec: Spec, value: string): string {
  const cut = spec.precision === undefined ? value : [...value].slice(0, spec.precision).join('');
  switch (spec.verb) {
    case 's':
      return cut;
    case 'q':
      return spec.flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut);
    case 'x':
    case 'X': {
      const hex = Buffer.from(cut).toString('hex');
      return spec.verb === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      return mismatch(spec, value);
  }
}

const BASES: Readonly<Record<string, number>> = { d: 10, x: 16, X: 16, o: 8, O: 8, b: 2 };
const PREFIXES: Readonly<Record<string, string>> = { x: '0x', X: '0X', o: '0', b: '0b' };

function renderInteger(spec: Spec, value: bigint): string {
  const { verb, flags } = spec;
  if (verb === 'c') return String.fromCodePoint(Number(value));
  if (verb === 'q') return `'${String.fromCodePoint(Number(value))}'`;
  if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  const base = BASES[verb];
  if (base === undefined) return mismatch(spec, value);
  let digits = (value < 0n ? -value : value).toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  if (spec.precision !== undefined) digits = digits.padStart(spec.precision, '0');
  const prefix = verb === 'O' ? '0o' : flags.includes('#') ? (PREFIXES[verb] ?? '') : '';
  const sign = value < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return sign + prefix + digits;
}

function renderFloat(spec: Spec, value: number): string {
  const { verb, flags, precision } = spec;
  const sign = value >= 0 && flags.includes('+') ? '+' : '';
  const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');
  if (verb === 'f' || verb === 'F') return sign + value.toFixed(precision ?? 6);
  if (verb === 'e' || verb === 'E') {
    const text = exponent(value.toExponential(precision ?? 6));
    return sign + (verb === 'E' ? text.toUpperCase() : text);
  }
  if (precision === undefined) return sign + displayNumber(value);
  return sign + exponent(String(Number(value.toPrecision(Math.max(1, precision)))));
}

function mismatch({ verb }: Spec, value: Value): string {
  return `%!${verb}(${typeName(value)}=${display(value, 1)})`;
}

/** Go's `strconv.Quote`. */
export function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u00([0-9a-f]{2})/g, '\\x$1')
    .replace(/\\b/g, '\\b');
}
