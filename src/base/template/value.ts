/**
 * The JavaScript form of Go's values: strings, booleans, numbers and bigints, arrays, null for nil, undefined for "no
 * value". Objects are maps when marked by {@link markMaps} or made by {@link goMap}, else structs. A {@link Fields} is
 * a struct with methods.
 */
export type Value = unknown;

/** A struct of known fields. Any other field is an error that names the type. A function is a method. */
export class Fields {
  readonly typeName: string;
  readonly fields: Readonly<Record<string, Value>>;
  /** The output of `json`, where it is not the fields by name. */
  readonly json: Value;
  /** The result of the String method of a type that has one: `%v` prints it. */
  readonly text: string | undefined;

  constructor(typeName: string, fields: Readonly<Record<string, Value>>, json?: Value, text?: string) {
    this.typeName = typeName;
    this.fields = fields;
    this.json = json;
    this.text = text;
  }
}

/** A time. JSON prints it unchanged (RFC 3339, in UTC), templates print it as Go does. */
export class GoTime {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return `${this.text.replace('T', ' ').replace(/Z$/, '')} +0000 UTC`;
  }
}

export type PlainObject = Readonly<Record<string, Value>>;

/** Objects that are maps in Go, each with the zero value of its elements. */
const maps = new WeakMap<object, Value>();

/** Marks this object as a map. `index` returns `zero` for a missing key. */
export function goMap<T extends object>(value: T, zero: Value = ''): T {
  maps.set(value, zero);
  return value;
}

/** The value that a map returns for a missing key. */
export function zeroOf(value: object): Value {
  return maps.get(value);
}

export function isMap(value: object): boolean {
  return maps.has(value);
}

export function isObject(value: Value): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof GoTime);
}

export function isNumber(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isInteger(value: Value): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

/** Whether `if` treats it as true. */
export function truth(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Fields) return true;
  if (isObject(value)) return !isMap(value) || Object.keys(value).length > 0;
  return value !== 0n && Boolean(value);
}

/** A Go type's name, for error messages and `%T`. */
export function typeName(value: Value): string {
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof Fields) return value.typeName;
  if (value instanceof GoTime) return 'time.Time';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (isInteger(value)) return 'int';
  if (typeof value === 'number') return 'float64';
  if (Array.isArray(value))
    return value.length > 0 && value.every((item) => typeof item === 'string') ? '[]string' : '[]interface {}';
  return 'map[string]interface {}';
}

/** `%v`: the printed form of a value inside another one or on its own. */
export function display(value: Value, depth = 0): string {
  if (value === undefined) return depth === 0 ? '<no value>' : '<nil>';
  if (value === null) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return displayNumber(value);
  if (Array.isArray(value)) return `[${value.map((item) => display(item, depth + 1)).join(' ')}]`;
  if (value instanceof Fields && value.text !== undefined) return value.text;
  if (value instanceof Fields)
    return `{${Object.values(value.fields)
      .map((item) => display(item, depth + 1))
      .join(' ')}}`;
  if (isObject(value)) {
    if (isMap(value))
      return `map[${sortedKeys(value)
        .map((key) => `${key}:${display(value[key], depth + 1)}`)
        .join(' ')}]`;
    // Fields that JSON omits are not enumerable.
    return `{${Object.getOwnPropertyNames(value)
      .map((name) => display(value[name], depth + 1))
      .join(' ')}}`;
  }
  return String(value);
}

/** Go's shortest form: exponents below 1e-4 and from 1e21 on. */
export function displayNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  const text = Math.abs(value) < 1e-4 || Math.abs(value) >= 1e21 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Sorts by bytes, as Go sorts strings. */
export function sortedKeys(value: object): string[] {
  return Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** A nil slice: printed as `[]`, and as `null` in JSON. */
export const NIL_SLICE: readonly never[] = Object.freeze([]);

/** A nil map: printed as `map[]`, and as `null` in JSON. */
export const NIL_MAP: PlainObject = goMap(Object.freeze({}));
