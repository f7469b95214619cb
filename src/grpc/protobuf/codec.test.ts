import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from './decode.ts';
import {
  bool,
  bytes,
  type Descriptor,
  type Init,
  int32,
  int64,
  intMap,
  type Message,
  map,
  message,
  oneof,
  optional,
  repeated,
  safeInt64,
  safeUint64,
  string,
  uint32,
} from './descriptor.ts';
import { encode } from './encode.ts';
import { ProtobufError } from './protobuf-error.ts';

const leaf = message('test.Leaf', { name: string(1), count: int32(2) });
const all = message('test.All', {
  text: string(1),
  data: bytes(2),
  flag: bool(3),
  small: int32(4),
  unsigned: uint32(5),
  large: int64(6),
  size: safeInt64(7),
  total: safeUint64(8),
  child: optional(9, () => leaf),
  children: repeated(optional(10, () => leaf)),
  names: repeated(string(11)),
  numbers: repeated(int32(12)),
  labels: map(string(13)),
  leaves: map(optional(14, () => leaf)),
  byNumber: intMap(bytes(15)),
  ...oneof('choice', { word: string(16), number: uint32(17), other: optional(18, () => leaf) }),
});
const EMPTY = {
  text: '',
  data: Buffer.alloc(0),
  flag: false,
  small: 0,
  unsigned: 0,
  large: 0n,
  size: 0,
  total: 0,
  child: undefined,
  children: [],
  names: [],
  numbers: [],
  labels: new Map(),
  leaves: new Map(),
  byNumber: new Map(),
  word: undefined,
  number: undefined,
  other: undefined,
};

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

/** Bytes by hand, from the encoding's documentation. */
const GOLDEN: readonly [name: string, bytes: string, message: Init<typeof all>][] = [
  ['nothing', '', {}],
  ['text', '0a 07 74 65 73 74 69 6e 67', { text: 'testing' }],
  ['text beyond ASCII', '0a 05 c3 a9 e2 82 ac', { text: 'é€' }],
  ['bytes', '12 02 00 ff', { data: hex('00ff') }],
  ['true', '18 01', { flag: true }],
  ['150', '20 96 01', { small: 150 }],
  ['-1 in 32 bits has ten bytes', '20 ff ff ff ff ff ff ff ff ff 01', { small: -1 }],
  ['largest unsigned', '28 ff ff ff ff 0f', { unsigned: 2 ** 32 - 1 }],
  ['largest of 64 bits', '30 ff ff ff ff ff ff ff ff 7f', { large: 2n ** 63n - 1n }],
  ['smallest of 64 bits', '30 80 80 80 80 80 80 80 80 80 01', { large: -(2n ** 63n) }],
  ['nanoseconds', '30 95 9a 97 ec e3 9f e7 cb 17', { large: 1_700_000_000_123_456_789n }],
  ['largest safe', '38 ff ff ff ff ff ff ff 0f', { size: 2 ** 53 - 1 }],
  ['-1 as number', '38 ff ff ff ff ff ff ff ff ff 01', { size: -1 }],
  ['2^49', '40 80 80 80 80 80 80 80 01', { total: 2 ** 49 }],
  ['message', '4a 03 0a 01 61', { child: { name: 'a' } }],
  ['empty message', '4a 00', { child: {} }],
  ['list of messages', '52 03 0a 01 61 52 00 52 02 10 07', { children: [{ name: 'a' }, {}, { count: 7 }] }],
  ['list of texts, empty ones too', '5a 01 61 5a 00 5a 01 62', { names: ['a', '', 'b'] }],
  ['packed list', '62 06 03 8e 02 9e a7 05', { numbers: [3, 270, 86942] }],
  [
    'map',
    '6a 06 0a 01 61 12 01 78 6a 05 0a 01 62 12 00',
    {
      labels: new Map([
        ['b', ''],
        ['a', 'x'],
      ]),
    },
  ],
  ['map of messages', '72 08 0a 01 6b 12 03 0a 01 61', { leaves: new Map([['k', { name: 'a' }]]) }],
  ['map by number', '7a 05 08 07 12 01 ff', { byNumber: new Map([[7, hex('ff')]]) }],
  ['oneof with its default', '82 01 00', { word: '' }],
  ['oneof number', '88 01 00', { number: 0 }],
  ['oneof message', '92 01 02 10 01', { other: { count: 1 } }],
];

for (const [name, golden, value] of GOLDEN) {
  test(`${name}: the bytes are the documented ones, both ways`, () => {
    const encoded = encode(all, value);
    assert.equal(encoded.toString('hex'), hex(golden).toString('hex'));
    const decoded = decode(all, encoded);
    assert.equal(encode(all, decoded).toString('hex'), encoded.toString('hex'));
    for (const key of Object.keys(EMPTY) as (keyof typeof EMPTY)[]) {
      if (!(key in value)) assert.deepEqual(decoded[key], EMPTY[key], key);
    }
  });
}

test('values come out as they went in', () => {
  const value: Message<typeof all> = {
    ...EMPTY,
    text: 'x'.repeat(300),
    large: -5n,
    child: { name: 'c', count: -7 },
    children: [{ name: '', count: 0 }],
    numbers: [0, -1, 2 ** 31 - 1, -(2 ** 31)],
    labels: new Map([['__proto__', 'a']]),
    byNumber: new Map([[-3, Buffer.from('b')]]),
    other: { name: 'o', count: 1 },
  };
  assert.deepEqual(decode(all, encode(all, value)), value);
});

test('lists of numbers are read packed, unpacked and mixed', () => {
  assert.deepEqual(decode(all, hex('60 03 62 02 04 05 60 06')).numbers, [3, 4, 5, 6]);
});

test('unknown fields of every wire type are stepped over', () => {
  const unknown = 'a0 06 01  a1 06 01 02 03 04 05 06 07 08  a2 06 02 ff ff  a5 06 01 02 03 04';
  assert.equal(decode(all, hex(`${unknown} 0a 01 61 ${unknown}`)).text, 'a');
  assert.deepEqual(decode(all, hex('6a 08 0a 01 61 12 01 78 18 01')).labels, new Map([['a', 'x']]));
});

test('of a field that occurs again the last value counts, and of a oneof the last member', () => {
  assert.equal(decode(all, hex('0a 01 61 0a 01 62')).text, 'b');
  const { word, number } = decode(all, hex('82 01 01 61 88 01 05'));
  assert.deepEqual([word, number], [undefined, 5]);
});

test('an entry of a map may lack its key or value, and the last of a key counts', () => {
  assert.deepEqual(decode(all, hex('6a 00')).labels, new Map([['', '']]));
  assert.deepEqual(decode(all, hex('72 03 0a 01 61')).leaves, new Map([['a', { name: '', count: 0 }]]));
  assert.deepEqual(decode(all, hex('6a 06 0a 01 61 12 01 78 6a 06 0a 01 61 12 01 79')).labels, new Map([['a', 'y']]));
});

test('decoded messages share no lists or maps', () => {
  const [a, b] = [decode(all, hex('60 03')), decode(all, hex('60 04'))];
  assert.deepEqual([a.numbers, b.numbers, decode(all, hex('')).numbers], [[3], [4], []]);
  decode(all, hex('6a 06 0a 01 61 12 01 78'));
  assert.equal(decode(all, hex('')).labels.size, 0);
});

test('bytes beyond 32 bits of a 32-bit integer are dropped, as in other implementations', () => {
  assert.equal(decode(all, hex('20 81 80 80 80 80 80 01')).small, 1);
  assert.equal(decode(all, hex('28 ff ff ff ff ff ff ff ff ff 01')).unsigned, 2 ** 32 - 1);
});

test('equal messages have equal bytes, whatever the order of their maps', () => {
  const one = encode(all, {
    labels: new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
    byNumber: new Map([
      [10, hex('')],
      [9, hex('')],
    ]),
  });
  const two = encode(all, {
    byNumber: new Map([
      [9, hex('')],
      [10, hex('')],
    ]),
    labels: new Map([
      ['b', '2'],
      ['a', '1'],
    ]),
  });
  assert.deepEqual(one, two);
});

test('room before the message is left free', () => {
  assert.equal(encode(all, { flag: true }, 5).subarray(5).toString('hex'), '1801');
});

for (const [name, broken, expected] of [
  ['a truncated varint', '20 96', 'truncated message'],
  ['a tag only', '20', 'truncated message'],
  ['a truncated text', '0a 05 61', 'truncated message'],
  ['a length beyond all memory', '0a ff ff ff ff ff ff ff ff 7f', 'truncated message'],
  ['a varint of eleven bytes', '20 ff ff ff ff ff ff ff ff ff ff 01', 'varint has more than 64 bits'],
  ['a varint of ten bytes beyond 64 bits', '20 ff ff ff ff ff ff ff ff ff 02', 'varint has more than 64 bits'],
  ['field 0', '00 01', 'field number 0'],
  ['a field number beyond 29 bits', '80 80 80 80 10 01', 'field number is too large'],
  ['a text with the wire type of a number', '08 01', 'field text has wire type 0'],
  ['a number with the wire type of a text', '22 01 01', 'field small has wire type 2'],
  ['a number with a fixed width', '25 01 01 01 01', 'field small has wire type 5'],
  ['a map that is a number', '68 01', 'field labels has wire type 0'],
  ['an entry with a wrong key', '6a 02 08 01', 'entry of a map has wire type 0'],
  ['the start of a group', 'a3 06', 'wire type 3 is not supported'],
  ['wire type 7', 'a7 06', 'wire type 7 is not supported'],
  ['a truncated fixed value', 'a1 06 01 02', 'truncated message'],
  ['a child longer than its parent', '4a 03 0a 05 61', 'truncated message'],
  ['a packed list that ends within a number', '62 01 80', 'truncated message'],
  ['a size beyond 2^53', '38 ff ff ff ff ff ff ff 1f', 'integer 18014398509481983 is out of range'],
] as const) {
  test(`${name} is refused`, () => {
    assert.throws(() => decode(all, hex(broken)), new ProtobufError(`test.All: ${expected}`));
  });
}

interface Tree extends Message<typeof tree> {}
interface TreeInit extends Init<typeof tree> {}
const tree = message('test.Tree', { child: optional(1, (): Descriptor<Tree, TreeInit> => tree), tag: string(2) });

test('messages are read to a depth of 100, and not deeper', () => {
  const nested = (depth: number): Buffer => {
    let value: TreeInit = {};
    for (let level = 1; level < depth; level += 1) value = { child: value };
    return encode(tree, value);
  };
  assert.ok(decode(tree, nested(100)));
  assert.throws(() => decode(tree, nested(101)), /messages are nested too deep/);
});

test('16 MiB of empty messages or entries do not fill the memory', () => {
  const many = (unit: string): Buffer =>
    Buffer.alloc(16 * 1024 * 1024 - ((16 * 1024 * 1024) % hex(unit).length), hex(unit));
  for (const unit of ['52 00', '5a 00', '6a 00', '6a 02 0a 00']) {
    assert.throws(() => decode(all, many(unit)), /message has too many values/, unit);
  }
});
