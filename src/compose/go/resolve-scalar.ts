/** What a plain scalar stands for. A date is kept as its text. */
export type Scalar =
  | { readonly tag: 'null'; readonly value: null }
  | { readonly tag: 'bool'; readonly value: boolean }
  | { readonly tag: 'int'; readonly value: bigint }
  | { readonly tag: 'float'; readonly value: number }
  | { readonly tag: 'timestamp' | 'str'; readonly value: string };

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { tag: 'null', value: null }] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, { tag: 'bool', value: true }] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, { tag: 'bool', value: false }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, { tag: 'float', value: Number.NaN }] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, { tag: 'float', value: Number.POSITIVE_INFINITY }] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, { tag: 'float', value: Number.NEGATIVE_INFINITY }] as const),
]);

const DATE =
  /^\d{4}-(\d{1,2})-(\d{1,2})(?:(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))|(?: \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?))?$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

/**
 * Reads a plain scalar as Go's yaml package does, which Compose uses: YAML 1.2, and of YAML 1.1 octal numbers such as
 * `0777`, `0b11`, `1_000` and dates.
 */
export function resolveScalar(text: string): Scalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(text)) return { tag: 'str', value: text };
  if (isDate(text)) return { tag: 'timestamp', value: text };
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const integer = text.startsWith('.') ? undefined : parseInteger(plain);
  if (integer !== undefined) return { tag: 'int', value: integer };
  if (FLOAT.test(plain) && Number.isFinite(Number(plain))) return { tag: 'float', value: Number(plain) };
  return { tag: 'str', value: text };
}

function isDate(text: string): boolean {
  const [, month, day] = DATE.exec(text) ?? [];
  return month !== undefined && Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
}

const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;

function parseInteger(text: string): bigint | undefined {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined || digits.length > 70) return undefined;
  const isOldOctal = /^0[0-7]/.test(digits);
  const size = BigInt(isOldOctal ? `0o${digits.slice(1)}` : digits);
  const value = sign === '-' ? -size : size;
  return value >= -(2n ** 63n) && value < 2n ** 64n ? value : undefined;
}
