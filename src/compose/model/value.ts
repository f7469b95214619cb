/**
 * A value of a Compose file. Integers are bigints, other numbers are numbers, so that `1` and `1.0` differ as they do in
 * the output of Compose. Mappings are maps, so that a key such as `__proto__` is a key like any other.
 */
export type Value = null | boolean | string | bigint | number | readonly Value[] | Mapping;

export type Mapping = ReadonlyMap<string, Value>;

export function isMapping(value: Value | undefined): value is Mapping {
  return value instanceof Map;
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** The type of a value in the words of the messages. */
export function typeName(value: Value): string {
  if (value === null) return 'null';
  if (isMapping(value)) return 'mapping';
  if (isList(value)) return 'list';
  if (typeof value === 'bigint') return 'integer';
  return typeof value;
}

/** A value for a message: its type, and short scalars themselves. */
export function describe(value: Value): string {
  const name = typeName(value);
  if (value === null || isMapping(value) || isList(value)) return `${article(name)}${name}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${article(name)}${name}` : `the ${name} ${text}`;
}

export function article(name: string): string {
  if (name === 'null') return '';
  return /^[aeiou]/.test(name) ? 'an ' : 'a ';
}
