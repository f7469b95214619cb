import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { type Random, seededRandom } from '../../test/support/random.ts';
import { answer } from './answer.ts';
import { FrameReader, frame } from './frames.ts';
import { isReplyTo } from './is-reply-to.ts';
import { NameIndex } from './name-index.ts';
import { namesOf, queryFor } from './names.fixture.ts';
import type { Transport } from './reply.ts';

const ROUNDS = 200_000;

/** Bytes that are nothing, or nearly a query. */
function hostileBytes(random: Random): Buffer {
  if (random.integer(8) === 0)
    return Buffer.from(Array.from({ length: random.integer(64) }, () => random.integer(256)));
  const edns = { sizeBytes: random.integer(65_536), version: random.integer(8) === 0 ? 1 : 0 };
  const name = random.pick(['web', 'Web.NET', 'example.com', '2.0.0.10.in-addr.arpa', 'x'.repeat(63), '']);
  const bytes = queryFor(name, random.pick([1, 28, 12, 255, 41]), random.integer(2) === 0 ? { edns } : {});
  for (let flips = random.integer(5); flips > 0; flips--) {
    // Half of them where the counts are, or the flags.
    const at = random.integer(random.integer(2) === 0 ? 12 : bytes.length);
    bytes[at] = random.pick([0, 1, 63, 64, 0x80, 0xc0, 0xff, random.integer(256)]);
  }
  const tail = Buffer.from(Array.from({ length: random.integer(3) * random.integer(12) }, () => random.integer(256)));
  return Buffer.concat([bytes.subarray(0, random.integer(3) === 0 ? random.integer(bytes.length) : undefined), tail]);
}

test('whatever the bytes are, the answer is a reply to them within the limit, or there is none', () => {
  const random = seededRandom();
  const index = new NameIndex();
  index.put(namesOf('s'));
  const kinds = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = hostileBytes(random);
    const before = Buffer.from(bytes);
    const transport = random.pick<Transport>(['udp', 'tcp']);
    const at = `seed ${random.seed} round ${round} ${bytes.toString('hex')}`;
    const verdict = answer({ index, random: random.next }, { sandboxId: 's', bytes, transport });
    assert.deepEqual(bytes, before, at);
    const isSilent = bytes.length < 12 || ((bytes[2] ?? 0) & 0x80) !== 0;
    assert.equal(verdict === undefined, isSilent, at);
    if (verdict === undefined) continue;
    const kind = 'answer' in verdict ? `rcode ${(verdict.answer[3] ?? 0) & 15}` : 'forward';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (!('answer' in verdict)) continue;
    assert.ok(verdict.answer.length >= 12 && verdict.answer.length <= 4096, at);
    assert.equal(verdict.answer.readUInt16BE(0), bytes.readUInt16BE(0), at);
    assert.equal((verdict.answer[2] ?? 0) & 0x80, 0x80, at);
  }
  for (const kind of ['forward', 'rcode 0', 'rcode 1', 'rcode 4']) {
    assert.ok((kinds.get(kind) ?? 0) > 100, `too few of ${kind}, seed ${random.seed}`);
  }
});

test('whatever a server replies, it is taken for a reply or ignored', () => {
  const random = seededRandom();
  const bytes = queryFor('web.net', 1);
  for (let round = 0; round < ROUNDS / 4; round++) {
    const reply = hostileBytes(random);
    const id = reply.length >= 2 ? reply.readUInt16BE(0) : 0;
    assert.equal(typeof isReplyTo(reply, id, { bytes, questionEnd: bytes.length }), 'boolean');
  }
});

test('messages of a connection are the same however its bytes are cut', () => {
  const random = seededRandom();
  for (let round = 0; round < 300; round++) {
    const messages = Array.from({ length: random.integer(20) }, () =>
      Buffer.alloc(random.integer(400), random.integer(256)),
    );
    let rest = Buffer.concat(messages.map(frame));
    const frames = new FrameReader();
    const found: Buffer[] = [];
    while (rest.length > 0) {
      const size = 1 + random.integer(random.pick([1, 3, 2000]));
      frames.push(rest.subarray(0, size));
      rest = rest.subarray(size);
      for (let message = frames.next(); message !== undefined; message = frames.next())
        found.push(Buffer.from(message));
    }
    assert.deepEqual(found, messages, `seed ${random.seed}`);
  }
});
