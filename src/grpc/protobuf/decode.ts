import type { Descriptor, Field, MapKeyKind, ScalarKind } from './descriptor.ts';
import { ProtobufError } from './protobuf-error.ts';
import { Reader } from './reader.ts';
import { KEY, LENGTH, VALUE, wireTypeOf } from './wire.ts';

/** As deep as other implementations of protobuf read by default. */
const MAX_DEPTH = 100;
/** Limit of messages, list elements and map entries in one message. Each may take two bytes, and far more memory. */
const MAX_VALUES = 1 << 19;

type Scalar = string | Buffer | boolean | number | bigint;
type Values = Record<string, unknown>;

const EMPTY_BYTES = Buffer.alloc(0);
const EMPTY_LIST: readonly never[] = Object.freeze([]);

const DEFAULTS: Readonly<Record<ScalarKind, Scalar>> = {
  string: '',
  bytes: EMPTY_BYTES,
  bool: false,
  int32: 0,
  uint32: 0,
  int64: 0n,
  safeInt64: 0,
  safeUint64: 0,
};

/**
 * Decodes a message. Unknown fields are ignored. Of a field that occurs again, the last value counts; messages are not
 * merged.
 * @throws ProtobufError for bytes that are no such message, and for one that is nested too deep or has too many values
 */
export function decode<Decoded>(descriptor: Descriptor<Decoded, unknown>, bytes: Uint8Array): Decoded {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = { reader: new Reader(buffer), depth: 0, values: 0 };
  try {
    return readMessage(decoder, planOf(descriptor)) as Decoded;
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new ProtobufError(`${descriptor.name}: ${error.message}`);
  }
}

interface Decoder {
  readonly reader: Reader;
  depth: number;
  values: number;
}

/** A field as the decoder needs it. */
interface FieldPlan {
  readonly name: string;
  readonly field: Field;
  readonly wireType: number;
  /** The other fields of the oneof. */
  readonly rivals: readonly string[];
}

interface Plan {
  readonly fields: ReadonlyMap<number, FieldPlan>;
  /** A message without any value. */
  readonly template: Values;
}

const plans = new WeakMap<Descriptor, Plan>();

function planOf(descriptor: Descriptor): Plan {
  const known = plans.get(descriptor);
  if (known !== undefined) return known;
  const entries = Object.entries(descriptor.fields);
  const plan: Plan = {
    template: Object.fromEntries(entries.map(([name, field]) => [name, absent(field)])),
    fields: new Map(
      entries.map(([name, field]) => {
        const group = entries.filter(
          ([other, { oneof }]) => oneof !== undefined && oneof === field.oneof && other !== name,
        );
        const wireType = field.shape === 'map' ? LENGTH : wireTypeOf(field.kind);
        return [field.no, { name, field, wireType, rivals: group.map(([other]) => other) }];
      }),
    ),
  };
  plans.set(descriptor, plan);
  return plan;
}

function absent({ kind, shape, oneof }: Field): unknown {
  if (shape === 'repeated') return EMPTY_LIST;
  if (shape === 'map') return new Map();
  return kind === 'message' || oneof !== undefined ? undefined : DEFAULTS[kind];
}

function readMessage(decoder: Decoder, plan: Plan): Values {
  const { reader } = decoder;
  if (++decoder.depth > MAX_DEPTH) throw new ProtobufError('messages are nested too deep');
  const message: Values = { ...plan.template };
  while (!reader.atEnd) {
    const tag = reader.tag();
    const wireType = tag & 7;
    const field = plan.fields.get(tag >>> 3);
    if (field === undefined) reader.skip(wireType);
    else readField(decoder, message, field, wireType);
  }
  decoder.depth -= 1;
  return message;
}

function readField(decoder: Decoder, message: Values, plan: FieldPlan, wireType: number): void {
  const { name, field, rivals } = plan;
  const packed = field.shape === 'repeated' && plan.wireType !== LENGTH && wireType === LENGTH;
  if (wireType !== plan.wireType && !packed) throw new ProtobufError(`field ${name} has wire type ${wireType}`);
  if (field.shape === 'repeated') {
    const list = ownList(message, name);
    if (packed) readPacked(decoder, field, list);
    else list.push(readValue(decoder, field));
    return;
  }
  if (field.shape === 'map') {
    readEntry(decoder, field, ownMap(message, name));
    return;
  }
  for (const rival of rivals) message[rival] = undefined;
  message[name] = readValue(decoder, field);
}

/** The message's own list: until its first element it has the one that all share. */
function ownList(message: Values, name: string): unknown[] {
  if (message[name] === EMPTY_LIST) message[name] = [];
  return message[name] as unknown[];
}

function ownMap(message: Values, name: string): Map<unknown, unknown> {
  const map = message[name] as Map<unknown, unknown>;
  if (map.size > 0) return map;
  const own = new Map<unknown, unknown>();
  message[name] = own;
  return own;
}

function readPacked(decoder: Decoder, field: Field, list: unknown[]): void {
  const { reader } = decoder;
  const outer = reader.enter();
  while (!reader.atEnd) list.push(readValue(decoder, field));
  reader.end = outer;
}

function readEntry(decoder: Decoder, field: Field, map: Map<unknown, unknown>): void {
  const { reader } = decoder;
  const keyKind: MapKeyKind = field.keyKind ?? 'string';
  countValue(decoder);
  const outer = reader.enter();
  let key: Scalar = DEFAULTS[keyKind];
  let value: unknown;
  while (!reader.atEnd) {
    const tag = reader.tag();
    const wireType = tag & 7;
    if (tag >>> 3 === KEY && wireType === wireTypeOf(keyKind)) key = readScalar(reader, keyKind);
    else if (tag >>> 3 === VALUE && wireType === wireTypeOf(field.kind)) value = readValue(decoder, field);
    else if (tag >>> 3 > VALUE) reader.skip(wireType);
    else throw new ProtobufError(`entry of a map has wire type ${wireType}`);
  }
  reader.end = outer;
  map.set(key, value ?? (field.kind === 'message' ? emptyMessage(field) : DEFAULTS[field.kind]));
}

function emptyMessage({ of }: Field): Values | undefined {
  return of === undefined ? undefined : { ...planOf(of()).template };
}

function readValue(decoder: Decoder, { kind, of }: Field): unknown {
  countValue(decoder);
  const { reader } = decoder;
  if (kind !== 'message' || of === undefined) return readScalar(reader, kind as ScalarKind);
  const outer = reader.enter();
  const message = readMessage(decoder, planOf(of()));
  reader.end = outer;
  return message;
}

function countValue(decoder: Decoder): void {
  if (++decoder.values > MAX_VALUES) throw new ProtobufError('message has too many values');
}

function readScalar(reader: Reader, kind: ScalarKind): Scalar {
  switch (kind) {
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.bytes();
    case 'bool':
      return reader.varint() !== 0;
    case 'int32':
      return low32(reader.varint()) | 0;
    case 'uint32':
      return low32(reader.varint());
    case 'int64':
      return BigInt.asIntN(64, BigInt(reader.varint()));
    default:
      return safe(reader.varint(), kind);
  }
}

/** The lower 32 bits, which are what counts of a longer varint in a 32-bit field. */
function low32(value: number | bigint): number {
  return typeof value === 'number' ? value >>> 0 : Number(value & 0xffff_ffffn);
}

/** @throws ProtobufError for an integer that a number cannot represent exactly */
function safe(value: number | bigint, kind: ScalarKind): number {
  if (typeof value === 'number') return value;
  const exact = kind === 'safeInt64' ? BigInt.asIntN(64, value) : value;
  const number = Number(exact);
  if (!Number.isSafeInteger(number)) throw new ProtobufError(`integer ${exact} is out of range`);
  return number;
}
