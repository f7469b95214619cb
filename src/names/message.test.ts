import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { decodeQuery, RCODE } from './message.ts';
import { queryFor } from './names.fixture.ts';

const FORMAT_ERROR = { rcode: RCODE.formatError };

test('a query has its name in lower case, its type and where its question ends', () => {
  const bytes = queryFor('Web.My-Net', 28);
  assert.deepEqual(decodeQuery(bytes), {
    name: 'web.my-net',
    type: 28,
    isInternet: true,
    questionEnd: bytes.length,
    edns: undefined,
  });
});

test('a query says in its OPT record what the client takes', () => {
  const query = decodeQuery(queryFor('web', 1, { edns: { sizeBytes: 1232, wantsDnssec: true } }));
  assert.ok(query !== undefined && 'edns' in query);
  assert.deepEqual(query.edns, { sizeBytes: 1232, version: 0, wantsDnssec: true });
});

test('a dot within a label is not the dot between two', () => {
  const bytes = queryFor('axb', 1);
  bytes[14] = 0x2e;
  const query = decodeQuery(bytes);
  assert.ok(query !== undefined && 'name' in query);
  assert.equal(query.name, 'a\\.b');
});

test('bytes above ASCII keep their case', () => {
  const query = decodeQuery(queryFor('\xc4A', 1));
  assert.ok(query !== undefined && 'name' in query);
  assert.equal(query.name, '\xc4a');
});

test('the longest name has 255 bytes, and the longest label 63', () => {
  const label = 'x'.repeat(63);
  const longest = [label, label, label, 'x'.repeat(61)].join('.');
  const query = decodeQuery(queryFor(longest, 1));
  assert.ok(query !== undefined && 'name' in query);
  assert.equal(query.name, longest);
  assert.deepEqual(decodeQuery(queryFor(`${longest}x`, 1)), FORMAT_ERROR);
  assert.deepEqual(decodeQuery(queryFor('x'.repeat(64), 1)), FORMAT_ERROR);
});

test('responses and parts of a header get no answer', () => {
  assert.equal(decodeQuery(queryFor('web', 1, { flags: 0x8100 })), undefined);
  for (let length = 0; length < 12; length++)
    assert.equal(decodeQuery(queryFor('web', 1).subarray(0, length)), undefined);
});

test('every part of a query is a format error', () => {
  const whole = queryFor('web.net', 1, { edns: { sizeBytes: 1232 } });
  for (let length = 12; length < whole.length; length++) {
    assert.deepEqual(decodeQuery(whole.subarray(0, length)), FORMAT_ERROR, String(length));
  }
});

test('other numbers of questions, pointers and two OPT records are format errors, other opcodes are not implemented', () => {
  assert.deepEqual(decodeQuery(queryFor('web', 1, { questions: 0 })), FORMAT_ERROR);
  assert.deepEqual(decodeQuery(queryFor('web', 1, { questions: 2 })), FORMAT_ERROR);
  assert.deepEqual(decodeQuery(queryFor('web', 1, { flags: 0x2800 })), { rcode: RCODE.notImplemented });
  const pointer = Buffer.concat([queryFor('', 1).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  assert.deepEqual(decodeQuery(pointer), FORMAT_ERROR);
  const withOpt = queryFor('web', 1, { edns: { sizeBytes: 512 } });
  const twice = Buffer.concat([withOpt, withOpt.subarray(-11)]);
  twice.writeUInt16BE(2, 10);
  assert.deepEqual(decodeQuery(twice), FORMAT_ERROR);
});

test('another class is none of ours, and any class is', () => {
  for (const [askedClass, isInternet] of [
    [3, false],
    [255, true],
  ] as const) {
    const query = decodeQuery(queryFor('web', 1, { askedClass }));
    assert.ok(query !== undefined && 'isInternet' in query);
    assert.equal(query.isInternet, isInternet);
  }
});
