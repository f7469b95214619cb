/**
 * Descriptors of protobuf messages (proto3), written by hand. A *descriptor* names a message and lists its fields; a
 * *field* has its number and type. The types of messages are inferred from descriptors:
 *
 *     const person = message('example.Person', { name: string(1), tags: repeated(string(2)), boss: optional(3, () => person) });
 *     decode(person, bytes).name
 *     encode(person, { name: 'a' })
 *
 * Fields have protobuf's own names, so that they are found in the definitions of the protocol and in JSON.
 *
 * A decoded message has every field. An absent scalar is `''`, `0`, `0n`, `false` or no bytes, an absent message is
 * undefined, an absent list or map is empty. A field of a oneof is undefined unless it was the last of its group.
 * For encoding any field may be absent. `bytes` are views of the decoded buffer, not copies.
 *
 * 64-bit integers: `int64` is a bigint, for nanoseconds and other values that may have all 64 bits. `safeInt64` and
 * `safeUint64` are numbers, for sizes, indexes and counts; a value beyond 2^53 is refused. The wire form is the same.
 *
 * Floating point, fixed-width and zigzag integers are not here, since no message of the protocol has them.
 */

export type ScalarKind = 'string' | 'bytes' | 'bool' | 'int32' | 'uint32' | 'int64' | 'safeInt64' | 'safeUint64';

declare const decodedType: unique symbol;
declare const encodedType: unique symbol;

/** A message's name and fields. `Decoded` is what `decode` returns, `Init` what `encode` accepts. */
export interface Descriptor<Decoded = unknown, Init = unknown> {
  readonly name: string;
  readonly fields: Readonly<Record<string, Field>>;
  readonly [decodedType]?: Decoded;
  readonly [encodedType]?: Init;
}

/** One field. `kind` is that of the value, of an element or of a map's values. */
export interface Field<Decoded = unknown, Init = unknown> {
  readonly no: number;
  readonly kind: ScalarKind | 'message';
  /** The descriptor of the value. Only with `kind` message; a function, since messages contain each other. */
  readonly of?: () => Descriptor;
  readonly shape: 'single' | 'repeated' | 'map';
  /** Only with `shape` map. */
  readonly keyKind?: MapKeyKind;
  /** Name of the group of which at most one field is set. */
  readonly oneof?: string;
  readonly [decodedType]?: Decoded;
  readonly [encodedType]?: Init;
}

export type MapKeyKind = 'string' | 'safeInt64';

/** The decoded form of a descriptor's message. */
export type Message<D> = D extends Descriptor<infer Decoded, unknown> ? Decoded : never;
/** The form of a descriptor's message that can be encoded. A decoded message is one too. */
export type Init<D> = D extends Descriptor<unknown, infer I> ? I : never;

type Fields = Readonly<Record<string, Field>>;
type DecodedFields<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer Decoded, unknown> ? Decoded : never;
};
type InitFields<F extends Fields> = {
  readonly [K in keyof F]?: (F[K] extends Field<unknown, infer I> ? I : never) | undefined;
};

export function message<F extends Fields>(name: string, fields: F): Descriptor<DecodedFields<F>, InitFields<F>> {
  return { name, fields };
}

type Scalar<T> = Field<T, T>;
const scalar = (no: number, kind: ScalarKind): Field<never, never> => ({ no, kind, shape: 'single' });

/** Invalid UTF-8 is read with U+FFFD in place of each invalid sequence. */
export const string = (no: number): Scalar<string> => scalar(no, 'string');
export const bytes = (no: number): Field<Buffer, Uint8Array> => scalar(no, 'bytes');
export const bool = (no: number): Scalar<boolean> => scalar(no, 'bool');
export const int32 = (no: number): Scalar<number> => scalar(no, 'int32');
export const uint32 = (no: number): Scalar<number> => scalar(no, 'uint32');
export const int64 = (no: number): Scalar<bigint> => scalar(no, 'int64');
export const safeInt64 = (no: number): Scalar<number> => scalar(no, 'safeInt64');
export const safeUint64 = (no: number): Scalar<number> => scalar(no, 'safeUint64');
/** An enum's number. It may be one that its definition does not list: another version of the protocol may have sent it. */
export const enumeration = int32;

/** A message inside a message. */
export function optional<D, I>(no: number, of: () => Descriptor<D, I>): Field<D | undefined, I> {
  return { no, kind: 'message', of, shape: 'single' };
}

/** A list. Messages are given as `repeated(optional(…))`. */
export function repeated<D, I>(element: Field<D, I>): Field<readonly NonNullable<D>[], readonly I[]> {
  return { ...base(element), shape: 'repeated' };
}

/** A map with text keys. Maps are encoded in the order of their keys, so that equal messages have equal bytes. */
export function map<D, I>(value: Field<D, I>): Field<ReadonlyMap<string, NonNullable<D>>, ReadonlyMap<string, I>> {
  return { ...base(value), shape: 'map', keyKind: 'string' };
}

/** A map with integer keys, as {@link map}. */
export function intMap<D, I>(value: Field<D, I>): Field<ReadonlyMap<number, NonNullable<D>>, ReadonlyMap<number, I>> {
  return { ...base(value), shape: 'map', keyKind: 'safeInt64' };
}

/** Fields of which at most one is set. Spread it into the fields of a message. */
export function oneof<F extends Fields>(
  group: string,
  fields: F,
): { readonly [K in keyof F]: F[K] extends Field<infer D, infer I> ? Field<D | undefined, I> : never };
export function oneof(group: string, fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...base(field), oneof: group }]));
}

function base({ no, kind, of, shape }: Field): Pick<Field, 'no' | 'kind' | 'of' | 'shape'> {
  return { no, kind, shape, ...(of === undefined ? {} : { of }) };
}
