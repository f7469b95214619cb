import { goJson } from './go-json.ts';
import { LETTERS_MAX, sprint, sprintf } from './printf.ts';
import { display, Fields, isInteger, isNumber, isObject, truth, typeName, type Value, zeroOf } from './value.ts';

export interface TemplateFunction {
  readonly min: number;
  /** Infinity for variadic functions. */
  readonly max: number;
  readonly call: (...args: Value[]) => Value;
}

function fn(min: number, max: number, call: (...args: never[]) => Value): TemplateFunction {
  return { min, max, call: call as (...args: Value[]) => Value };
}

/** Text arguments are checked at the call, as Go checks their types. */
function text(value: Value): string {
  if (typeof value !== 'string') throw new Error(`wrong type for value; expected string; got ${typeName(value)}`);
  return value;
}

function integer(value: Value): number {
  if (!isInteger(value)) throw new Error(`wrong type for value; expected int; got ${typeName(value)}`);
  return Number(value);
}

function blanks(count: Value): string {
  const size = integer(count);
  if (size > LETTERS_MAX) throw new Error(`the result has more than ${LETTERS_MAX} letters`);
  return ' '.repeat(size);
}

/** Go's predefined functions. `and` and `or` are elsewhere, since they do not evaluate all their arguments. */
const BUILTINS: Readonly<Record<string, TemplateFunction>> = {
  not: fn(1, 1, (value: Value) => !truth(value)),
  len: fn(1, 1, lengthOf),
  index: fn(1, Infinity, (value: Value, ...keys: Value[]) => keys.reduce(indexOne, value)),
  slice: fn(1, 4, slice),
  print: fn(0, Infinity, (...args: Value[]) => sprint(args)),
  println: fn(0, Infinity, (...args: Value[]) => `${args.map((arg) => display(arg, 1)).join(' ')}\n`),
  printf: fn(1, Infinity, (format: Value, ...args: Value[]) => sprintf(text(format), args)),
  html: fn(0, Infinity, (...args: Value[]) => escapeHtml(sprint(args))),
  js: fn(0, Infinity, (...args: Value[]) => escapeJs(sprint(args))),
  urlquery: fn(0, Infinity, (...args: Value[]) => encodeURIComponent(sprint(args)).replace(/%20/g, '+')),
  call: fn(1, Infinity, (method: Value, ...args: Value[]) => {
    if (typeof method !== 'function') throw new Error(`non-function of type ${typeName(method)}`);
    return method(...args) as Value;
  }),
  eq: fn(1, Infinity, (first: Value, ...others: Value[]) => {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => equal(first, other));
  }),
  ne: fn(2, 2, (a: Value, b: Value) => !equal(a, b)),
  lt: fn(2, 2, (a: Value, b: Value) => order(a, b) < 0),
  le: fn(2, 2, (a: Value, b: Value) => order(a, b) <= 0),
  gt: fn(2, 2, (a: Value, b: Value) => order(a, b) > 0),
  ge: fn(2, 2, (a: Value, b: Value) => order(a, b) >= 0),
};

/** docker's additional functions. */
const DOCKER: Readonly<Record<string, TemplateFunction>> = {
  json: fn(1, 1, goJson),
  split: fn(2, 2, (value: Value, separator: Value) => text(value).split(text(separator))),
  join: fn(2, 2, (values: Value, separator: Value) => {
    if (!Array.isArray(values)) throw new Error(`wrong type for value; expected []string; got ${typeName(values)}`);
    return values.map((value) => display(value, 1)).join(text(separator));
  }),
  title: fn(1, 1, (value: Value) =>
    text(value).replace(/(^|\P{L})(\p{L})/gu, (_all, before: string, letter: string) => before + letter.toUpperCase()),
  ),
  lower: fn(1, 1, (value: Value) => text(value).toLowerCase()),
  upper: fn(1, 1, (value: Value) => text(value).toUpperCase()),
  pad: fn(3, 3, (value: Value, before: Value, after: Value) =>
    text(value) === '' ? '' : blanks(before) + text(value) + blanks(after),
  ),
  truncate: fn(2, 2, (value: Value, length: Value) => [...text(value)].slice(0, integer(length)).join('')),
};

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = { ...BUILTINS, ...DOCKER };

/** For the header line of tables, where docker's functions return the column's title unchanged. */
export const HEADER_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...BUILTINS,
  ...Object.fromEntries(Object.entries(DOCKER).map(([name, of]) => [name, { ...of, call: (value: Value) => value }])),
};

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isObject(value) && !(value instanceof Fields)) return Object.keys(value).length;
  if (value === null || value === undefined) throw new Error('len of nil pointer');
  throw new Error(`len of type ${typeName(value)}`);
}

function indexOne(value: Value, key: Value): Value {
  if (value === null || value === undefined) throw new Error('index of untyped nil');
  if (typeof value === 'string' || Array.isArray(value)) {
    const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    if (!isInteger(key)) {
      if (key === null || key === undefined) throw new Error('cannot index slice/array with nil');
      throw new Error(`cannot index slice/array with type ${typeName(key)}`);
    }
    const at = Number(key);
    if (at < 0 || at >= length) throw new Error(`index out of range: ${at}`);
    return typeof value === 'string' ? Buffer.from(value)[at] : value[at];
  }
  if (isObject(value) && !(value instanceof Fields)) {
    if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`);
    return Object.hasOwn(value, key) ? value[key] : zeroOf(value);
  }
  throw new Error(`can't index item of type ${typeName(value)}`);
}

function slice(value: Value, ...bounds: Value[]): Value {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw new Error(`can't slice item of type ${typeName(value)}`);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const [from = 0, to = bytes.length] = bounds.map((bound) => {
    const at = integer(bound);
    if (at < 0 || at > bytes.length) throw new Error(`index out of range: ${at}`);
    return at;
  });
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  const part = bytes.slice(from, to);
  return Buffer.isBuffer(part) ? part.toString('utf8') : part;
}

function basicKind(value: Value): string {
  if (isNumber(value)) return isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  throw new Error('invalid type for comparison');
}

function equal(a: Value, b: Value): boolean {
  const nil = (value: Value): boolean => value === null || value === undefined;
  if (nil(a) || nil(b)) return nil(a) && nil(b);
  if (Array.isArray(a) || isObject(a)) throw new Error(`non-comparable type ${display(a, 1)}: ${typeName(a)}`);
  if (basicKind(a) !== basicKind(b)) throw new Error('incompatible types for comparison');
  return isNumber(a) && isNumber(b) ? Number(a) === Number(b) : a === b;
}

function order(a: Value, b: Value): number {
  if (basicKind(a) !== basicKind(b)) throw new Error('incompatible types for comparison');
  if (typeof a === 'boolean') throw new Error('invalid type for comparison');
  const [left, right] = [a as string, b as string];
  return left < right ? -1 : left > right ? 1 : 0;
}

const HTML: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\uFFFD',
};

function escapeHtml(value: string): string {
  return [...value].map((char) => HTML[char] ?? char).join('');
}

function escapeJs(value: string): string {
  return [...value]
    .map((char) => {
      if (char === '\\' || char === "'" || char === '"') return `\\${char}`;
      if (char >= ' ' && !'<>&='.includes(char)) return char;
      return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    })
    .join('');
}
