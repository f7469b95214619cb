import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import * as control from '../messages/control.ts';
import * as fsutil from '../messages/fsutil.ts';
import * as gateway from '../messages/gateway.ts';
import * as pb from '../messages/pb.ts';
import { decode } from './decode.ts';
import type { Descriptor, Field } from './descriptor.ts';
import { encode } from './encode.ts';
import { ProtobufError } from './protobuf-error.ts';

/** Messages with every kind of field: nested, recursive, lists, maps by text and by number, oneofs. */
const DESCRIPTORS: readonly Descriptor[] = [
  control.solveRequest,
  control.statusResponse,
  control.buildHistoryRecord,
  gateway.result,
  gateway.solveRequest,
  gateway.execMessage,
  pb.definition,
  pb.op,
  fsutil.packet,
];
const ROUNDS = 100;

/** Numbers below `limit` from a seed (mulberry32), so that a failure can be repeated. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
type Random = ReturnType<typeof randomFrom>;

function randomMessage(random: Random, { fields }: Descriptor, depth: number): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const [name, field] of Object.entries(fields)) {
    if (random(3) === 0 || (field.kind === 'message' && depth === 0)) continue;
    if (field.oneof !== undefined && taken.has(field.oneof)) continue;
    if (field.oneof !== undefined) taken.add(field.oneof);
    message[name] = randomField(random, field, depth);
  }
  return message;
}

function randomField(random: Random, field: Field, depth: number): unknown {
  const values = Array.from({ length: 1 + random(3) }, () => randomValue(random, field, depth));
  if (field.shape === 'single') return values[0];
  if (field.shape === 'repeated') return values;
  return new Map(values.map((value, index) => [field.keyKind === 'string' ? `k${index}` : index, value]));
}

function randomValue(random: Random, { kind, of }: Field, depth: number): unknown {
  const sizes = [1, 127, 128, 16_384, 2 ** 31 - 1];
  const number = sizes[random(sizes.length)] ?? 1;
  if (kind === 'message') return of === undefined ? undefined : randomMessage(random, of(), depth - 1);
  if (kind === 'string') return ['a', 'é€', 'x'.repeat(200)][random(3)];
  if (kind === 'bytes') return Buffer.alloc(1 + random(300), random(256));
  if (kind === 'bool') return true;
  if (kind === 'int64') return [1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 49n][random(5)];
  if (kind === 'uint32') return number;
  if (kind === 'safeUint64') return number * 1024;
  return random(4) === 0 ? -number : number;
}

/** The same descriptors for protobufjs, an independent implementation. */
function independent(descriptors: readonly Descriptor[]): protobuf.Root {
  const root = new protobuf.Root();
  const known = new Set<string>();
  const add = (descriptor: Descriptor): void => {
    if (known.has(descriptor.name)) return;
    known.add(descriptor.name);
    const type = new protobuf.Type(descriptor.name.replaceAll('.', '_'));
    for (const [name, field] of Object.entries(descriptor.fields)) {
      type.add(fieldOf(name, field) as protobuf.Field);
      if (field.kind === 'message' && field.of !== undefined) add(field.of());
    }
    root.add(type);
  };
  for (const descriptor of descriptors) add(descriptor);
  root.resolveAll();
  return root;
}

const WIRE_NAMES: Readonly<Record<string, string>> = { safeInt64: 'int64', safeUint64: 'uint64' };

function fieldOf(name: string, { no, kind, of, shape, keyKind }: Field): protobuf.FieldBase {
  const type = of === undefined ? (WIRE_NAMES[kind] ?? kind) : of().name.replaceAll('.', '_');
  if (shape === 'map') return new protobuf.MapField(name, no, keyKind === 'string' ? 'string' : 'int64', type);
  return new protobuf.Field(name, no, type, shape === 'repeated' ? 'repeated' : undefined, undefined, { packed: true });
}

/** A message as protobufjs wants it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value); // read with the long package
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}

test('bytes are those of an independent encoder, and both read each other’s', () => {
  const root = independent(DESCRIPTORS);
  for (const descriptor of DESCRIPTORS) {
    const type = root.lookupType(descriptor.name.replaceAll('.', '_'));
    for (let seed = 0; seed < ROUNDS; seed += 1) {
      const value = randomMessage(randomFrom(seed), descriptor, 4);
      const own = encode(descriptor, value);
      const theirs = Buffer.from(type.encode(type.fromObject(plain(value) as Record<string, unknown>)).finish());
      const label = `${descriptor.name}, seed ${seed}`;
      assert.equal(own.length, theirs.length, label);
      assert.deepEqual(decode(descriptor, theirs), decode(descriptor, own), label);
      assert.deepEqual(encode(descriptor, decode(descriptor, own)), own, label);
      type.decode(own);
    }
  }
});

test('whatever the bytes are, decoding returns or throws a ProtobufError', () => {
  for (const descriptor of DESCRIPTORS) {
    for (let seed = 0; seed < ROUNDS; seed += 1) {
      const random = randomFrom(seed);
      const bytes = encode(descriptor, randomMessage(random, descriptor, 3));
      for (const broken of mutations(random, bytes)) decodeOrRefuse(descriptor, broken, seed);
    }
  }
});

function mutations(random: Random, bytes: Buffer): readonly Buffer[] {
  const flipped = Buffer.from(bytes);
  for (let count = 0; count < 3; count += 1) if (flipped.length > 0) flipped[random(flipped.length)] = random(256);
  const cut = bytes.subarray(0, random(bytes.length + 1));
  const grown = Buffer.concat([cut, Buffer.from([random(256), random(256), 0xff]), bytes.subarray(cut.length)]);
  return [flipped, cut, grown, Buffer.from(Array.from({ length: random(64) }, () => random(256)))];
}

function decodeOrRefuse(descriptor: Descriptor, bytes: Buffer, seed: number): void {
  try {
    encode(descriptor, decode(descriptor, bytes));
  } catch (error) {
    assert.ok(error instanceof ProtobufError, `${descriptor.name}, seed ${seed}: ${error}`);
  }
}
