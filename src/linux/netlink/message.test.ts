import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAttributes, decodeMessages, NetlinkMessage, readU32, textOf } from './message.ts';

test('what is encoded is decoded: text, numbers, nested attributes, beyond the first buffer', () => {
  const message = new NetlinkMessage(16, 1);
  message.reserve(16)[0] = 7;
  message.text(3, 'eth0').u8(9, 200).u16(5, 60_000).u32(4, 4_000_000_000);
  message.nested(18, (info) => info.text(1, 'veth').nested(2, (data) => data.attribute(1, Buffer.alloc(600, 0xab))));
  const [decoded, ...more] = [...decodeMessages(message.encode(42, 4))];
  assert.ok(decoded);
  assert.equal(more.length, 0);
  assert.deepEqual([decoded.type, decoded.flags, decoded.sequence, decoded.payload[0]], [16, 5, 42, 7]);
  const attributes = decodeAttributes(decoded.payload, 16);
  assert.equal(textOf(attributes.get(3)), 'eth0');
  assert.equal(readU32(attributes.get(4) ?? Buffer.alloc(4)), 4_000_000_000);
  const info = decodeAttributes(attributes.get(18) ?? Buffer.alloc(0));
  assert.equal(textOf(info.get(1)), 'veth');
  const data = decodeAttributes(info.get(2) ?? Buffer.alloc(0));
  assert.deepEqual(data.get(1), Buffer.alloc(600, 0xab));
});

test('lengths that lie end the walk instead of reading beyond', () => {
  const bytes = new NetlinkMessage(16, 0).text(3, 'x').encode(1, 0);
  for (const length of [0, 15, 0xffffffff, bytes.length + 1]) {
    const broken = Buffer.from(bytes);
    broken.writeUInt32LE(length, 0);
    assert.deepEqual([...decodeMessages(broken)], []);
  }
  for (const length of [0, 3, 0xffff]) {
    const attribute = Buffer.alloc(8);
    attribute.writeUInt16LE(length, 0);
    assert.equal(decodeAttributes(attribute).size, 0);
  }
  assert.deepEqual([...decodeMessages(Buffer.alloc(5))], []);
});
