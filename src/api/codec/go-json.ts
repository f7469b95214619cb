import * as z from 'zod/mini';
import { invalid } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import { literalAt, spelledPath } from './json-path.ts';

/**
 * Schemas that read JSON as Go's encoding/json does, for which clients of the Engine API are written: keys match in any
 * case, null counts as absent, unknown fields are ignored, and a wrong type is an error. Errors name Docker's Go types.
 */

type Schema<T> = z.ZodMiniType<T>;
type Fields<S> = { readonly [K in keyof S]?: S[K] extends Schema<infer T> ? T : never };

/** Go's type name of each schema, for types that contain it. */
const typeNames = new WeakMap<object, string>();

function named<T extends object>(type: string, schema: T): T {
  typeNames.set(schema, type);
  return schema;
}

function nameOf(schema: object): string {
  return typeNames.get(schema) ?? 'struct';
}

export const goString: Schema<string> = goStringType('string');
export const goBool: Schema<boolean> = named('bool', z.boolean({ error: wrong('bool') }));
export const goInt: Schema<number> = goIntegerType('int64', -(2 ** 63), 2 ** 63);
export const goPlainInt: Schema<number> = goIntegerType('int', -(2 ** 63), 2 ** 63);
export const goUint16: Schema<number> = goIntegerType('uint16', 0, 2 ** 16 - 1);
export const goUint64: Schema<number> = goIntegerType('uint64', 0, 2 ** 64);
export const goDuration: Schema<number> = goIntegerType('time.Duration', -(2 ** 63), 2 ** 63);
export const goFileMode: Schema<number> = goIntegerType('fs.FileMode', 0, 2 ** 32 - 1);

/** A string whose Go type has a name of its own. */
export function goStringType(type: string): Schema<string> {
  return named(type, z.string({ error: wrong(type) }));
}

function goIntegerType(type: string, min: number, max: number): Schema<number> {
  const isInRange = (value: number): boolean => Number.isInteger(value) && value >= min && value <= max;
  const outOfRange = (): string => `cannot unmarshal number LITERAL into ${type}`;
  return named(type, z.number({ error: wrong(type) }).check(z.refine(isInRange, { error: outOfRange })));
}

/** A path, or another text that the kernel ends at its first NUL byte: with a NUL byte it would mean something else. */
export const goPath: Schema<string> = named(
  'string',
  z.string({ error: wrong('string') }).check(z.refine((text) => !text.includes('\0'), { error: nulIn })),
);

function nulIn({ input }: { readonly input?: unknown }): string {
  return nulByte('path', String(input));
}

export function nulByte(what: string, text: string): string {
  return `invalid ${what} ${JSON.stringify(text.slice(0, 200))}: it contains a NUL byte`;
}

/** An argument of a program, which the kernel ends at its first NUL byte. */
export const goArgument: Schema<string> = named(
  'string',
  z
    .string({ error: wrong('string') })
    .check(z.refine((text) => !text.includes('\0'), { error: ({ input }) => nulByte('argument', String(input)) })),
);

/** A map whose keys are paths. */
export function goPathMap<T>(element: Schema<T>, zero: T): Schema<Readonly<Record<string, T>>> {
  const isPath = (value: unknown): boolean => !Object.keys(value as object).some((key) => key.includes('\0'));
  const error = ({ input }: { readonly input?: unknown }): string =>
    nulByte('path', Object.keys(input as object).find((key) => key.includes('\0')) ?? '');
  const map = goMap(element, zero);
  return named(nameOf(map), z.pipe(map, z.custom(isPath, { error })) as unknown as typeof map);
}

/** A string of a fixed set. The domain checks it, since it has the words for others. */
export function goStringOf<const T extends string>(type: string): Schema<T> {
  return goStringType(type) as unknown as Schema<T>;
}

/** A list. `null` elements become Go's zero value. With `pointers` the Go type is a list of pointers. */
export function goList<T>(element: Schema<T>, zero?: T, { pointers = false } = {}): Schema<readonly T[]> {
  const type = `[]${pointers ? '*' : ''}${nameOf(element)}`;
  const list = z.array(element, { error: wrong(type) });
  if (zero === undefined) return named(type, list);
  const filled = z.pipe(
    z.transform((value) => (Array.isArray(value) ? value.map((item: unknown) => item ?? zero) : value)),
    list,
  );
  return named(type, filled as Schema<readonly T[]>);
}

/** A map. Keys stay unchanged. Null values become `zero`, or stay where `T` allows null. */
export function goMap<T>(
  element: Schema<T>,
  zero: T,
  type = `map[string]${nameOf(element)}`,
): Schema<Readonly<Record<string, T>>> {
  const map = z.pipe(
    z.transform((value) => {
      if (!isObject(value)) return value;
      const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
      return Object.fromEntries(entries.map(([key, item]) => [key, item ?? zero]));
    }),
    z.record(z.string(), element, { error: wrong(type) }),
  );
  return named(type, map as unknown as Schema<Readonly<Record<string, T>>>);
}

/** Go's `struct{}`: any object. */
export const goEmpty: Schema<object> = named('struct {}', z.custom<object>(isObject, { error: wrong('struct {}') }));

/**
 * Docker's `strslice`: a list of strings, or one string. Docker decodes it by itself, so that its errors do not name
 * the field.
 */
export const goStringOrList: Schema<readonly string[]> = z.pipe(
  z.transform((value) => {
    if (typeof value === 'string') return [value];
    return Array.isArray(value) ? value.map((item: unknown) => item ?? '') : value;
  }),
  z
    .custom<readonly string[]>((value) => Array.isArray(value) && value.every((item) => typeof item === 'string'), {
      error: (issue) => `cannot unmarshal ${describe(issue.input)} into Go value of type string`,
    })
    .check(
      z.refine((list) => !Array.isArray(list) || list.every((item) => !String(item).includes('\0')), {
        error: ({ input }) =>
          nulByte('argument', String((input as unknown[]).find((item) => String(item).includes('\0')))),
      }),
    ),
) as Schema<readonly string[]>;

/** An object whose keys match in any case; an exact match takes precedence. All fields are optional. */
export function goStruct<S extends Record<string, Schema<never> | Schema<unknown>>>(
  type: string,
  shape: S,
): Schema<Fields<S>> {
  const canonical = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  const fields = Object.fromEntries(
    Object.entries(shape).map(([key, schema]) => [key, z.exactOptional(schema as Schema<unknown>)]),
  );
  const struct = z.pipe(
    z.transform((value) => (isObject(value) ? canonicalKeys(value, canonical) : value)),
    z.object(fields, { error: wrong(type) }),
  );
  return named(type, struct as unknown as Schema<Fields<S>>);
}

/** As {@link goStruct}, with Go's zero values for omitted fields. */
export function goZeroed<T extends object>(
  type: string,
  shape: { readonly [K in keyof T]: Schema<T[K]> },
  zero: T,
): Schema<T> {
  const struct = goStruct(type, shape as unknown as Record<string, Schema<unknown>>);
  const zeroed = z.pipe(
    struct,
    z.transform((value) => ({ ...zero, ...value })),
  );
  return named(type, zeroed as unknown as Schema<T>);
}

/** Go's `[2]uint`: missing elements are 0, excess ones are dropped. */
export const goPair: Schema<readonly [number, number]> = named(
  '[2]uint',
  z.pipe(
    z.transform((value) => (Array.isArray(value) ? [value[0] ?? 0, value[1] ?? 0] : value)),
    z.tuple([goIntegerType('uint', 0, 2 ** 64), goIntegerType('uint', 0, 2 ** 64)], { error: wrong('[2]uint') }),
  ) as unknown as Schema<readonly [number, number]>,
);

/**
 * The name that Go puts before the path of a field of a body. Empty for structs that Docker decodes in a way of its
 * own.
 */
const rootNames = new WeakMap<object, string>();

/** A body whose fields are named `Name.Field` in errors. */
export function goRoot<T>(root: string, schema: Schema<T>): Schema<T> {
  rootNames.set(schema, root);
  return schema;
}

function canonicalKeys(value: Readonly<Record<string, unknown>>, canonical: ReadonlyMap<string, string>): object {
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    const name = canonical.get(key) ?? canonical.get(key.toLowerCase());
    if (name === undefined || (name !== key && Object.hasOwn(value, name) && value[name] !== null)) continue;
    out[name] = item;
  }
  return out;
}

/** {@link parseJson} adds the field's path to the text. */
function wrong(goType: string): (issue: { readonly input?: unknown }) => string {
  return (issue) => `cannot unmarshal ${describe(issue.input)} into ${goType}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Parses a value by a schema. `value` is the parsed `text`, which is called only to show an error. @throws EngineError
 * invalid, naming the field in dockerd's manner
 */
export function parseJson<T>(schema: Schema<T>, value: unknown, text: () => string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = spelledPath(value, issue?.path ?? []);
  const message = issue?.message ?? 'invalid value';
  const [, given = '', type = ''] = /^cannot unmarshal (.*?) into (.+)$/.exec(message) ?? [];
  if (type === '') throw invalid(message);
  const shown = given.replace('LITERAL', () => literalAt(text(), path));
  throw invalid(`invalid JSON: json: cannot unmarshal ${shown} into ${place(type, path, rootNames.get(schema) ?? '')}`);
}

/** Go's name of a value's position: a field, an element of a list, or the whole. */
function place(type: string, path: readonly string[], root: string): string {
  if (type.startsWith('Go value of type ')) return type;
  if (path.length === 0) return `Go value of type ${type}`;
  const pointer = path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('.');
  const isElement = /^\d+$/.test(path.at(-1) ?? '');
  return `${isElement ? '' : 'Go struct field '}${root}.${pointer} of type ${type}`;
}
