import * as z from 'zod/mini';
import { invalid } from '../../base/errors.ts';

/**
 * Schemas that read JSON as Go's encoding/json does, which is what the clients of the Engine API are written against:
 * keys match in any case, null is absent, unknown fields are ignored, but a wrong type is an error.
 */

type Schema<T> = z.ZodMiniType<T>;
type Fields<S> = { readonly [K in keyof S]?: S[K] extends Schema<infer T> ? T : never };

export const goString: Schema<string> = z.string({ error: wrong('string') });
export const goBool: Schema<boolean> = z.boolean({ error: wrong('bool') });
export const goInt: Schema<number> = z
  .number({ error: wrong('int64') })
  .check(z.refine((value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63, { error: wrong('int64') }));
export const goFloat: Schema<number> = z.number({ error: wrong('float64') });

/** A string out of a set that the domain checks: it knows the words for what is not in it. */
export function goStringOf<const T extends string>(): Schema<T> {
  return goString as unknown as Schema<T>;
}

/** `null` elements are Go's zero value. */
export function goList<T>(element: Schema<T>, zero?: T): Schema<readonly T[]> {
  const list = z.array(element, { error: wrong('[]') });
  if (zero === undefined) return list;
  return z.pipe(
    z.transform((value) => (Array.isArray(value) ? value.map((item: unknown) => item ?? zero) : value)),
    list,
  ) as Schema<readonly T[]>;
}

/** Keys stay as they are. Null values are `zero`, or kept where `T` has null. */
export function goMap<T>(element: Schema<T>, zero: T): Schema<Readonly<Record<string, T>>> {
  return z.pipe(
    z.transform((value) => {
      if (!isRecord(value)) return value;
      const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
      return Object.fromEntries(entries.map(([key, item]) => [key, item ?? zero]));
    }),
    z.record(z.string(), element, { error: wrong('map') }),
  ) as unknown as Schema<Readonly<Record<string, T>>>;
}

/** Go's `struct{}`: any object. */
export const goEmpty: Schema<object> = z.custom<object>(isRecord, { error: wrong('struct') });

/** Docker's `strslice`: a list of strings, or one string. */
export const goStringOrList: Schema<readonly string[]> = z.pipe(
  z.transform((value) => (typeof value === 'string' ? [value] : value)),
  goList(goString, ''),
) as Schema<readonly string[]>;

/** An object whose keys match in any case, the exact spelling first. All fields are optional. */
export function goStruct<S extends Record<string, Schema<never> | Schema<unknown>>>(shape: S): Schema<Fields<S>> {
  const canonical = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  const fields = Object.fromEntries(
    Object.entries(shape).map(([key, schema]) => [key, z.exactOptional(schema as Schema<unknown>)]),
  );
  return z.pipe(
    z.transform((value) => (isRecord(value) ? canonicalKeys(value, canonical) : value)),
    z.object(fields, { error: wrong('struct') }),
  ) as unknown as Schema<Fields<S>>;
}

/** As {@link goStruct}, with Go's zero values for the fields that are left out. */
export function goZeroed<T extends object>(shape: { readonly [K in keyof T]: Schema<T[K]> }, zero: T): Schema<T> {
  const struct = goStruct(shape as unknown as Record<string, Schema<unknown>>);
  return z.pipe(
    struct,
    z.transform((value) => ({ ...zero, ...value })),
  ) as unknown as Schema<T>;
}

/** Go's `[2]uint`: what is missing is 0, what is too much is dropped. */
export const goPair: Schema<readonly [number, number]> = z.pipe(
  z.transform((value) => (Array.isArray(value) ? [value[0] ?? 0, value[1] ?? 0] : value)),
  z.tuple([goInt, goInt], { error: wrong('[2]uint') }),
) as unknown as Schema<readonly [number, number]>;

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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text is completed with the field's path by {@link parseJson}. */
function wrong(goType: string): (issue: { readonly input?: unknown }) => string {
  return (issue) => `cannot unmarshal ${describe(issue.input)} into ${goType}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`;
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** @throws EngineError invalid, naming the field in dockerd's manner */
export function parseJson<T>(schema: Schema<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join('.') ?? '';
  const message = issue?.message ?? 'invalid value';
  const unmarshal = /^cannot unmarshal (.*) into (\S+)$/.exec(message);
  if (unmarshal === null) throw invalid(path === '' ? message : `${path}: ${message}`);
  const target = path === '' ? `Go value of type ${unmarshal[2]}` : `Go struct field ${path} of type ${unmarshal[2]}`;
  throw invalid(`invalid JSON: json: cannot unmarshal ${unmarshal[1]} into ${target}`);
}
