import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { type AnswerDeps, answer } from './answer.ts';
import { NameIndex } from './name-index.ts';
import { type Decoded, decodeReply, namesOf, type Options, queryFor } from './names.fixture.ts';
import type { Transport } from './reply.ts';

const [A, PTR, MX, AAAA, HTTPS, ANY] = [1, 12, 15, 28, 65, 255] as const;

function depsWith(count: number): AnswerDeps {
  const index = new NameIndex();
  const addresses = ['10.0.0.2', 'fd00::2', 'fd00::3'];
  index.put(namesOf('s', { endpoints: [{ networkId: 'n', network: 'net', names: ['web', 'www'], addresses }] }));
  for (let host = 0; host < count; host++) {
    const endpoint = {
      networkId: 'n',
      network: 'net',
      names: ['many'],
      addresses: [`10.1.${host >> 8}.${host & 255}`],
    };
    index.put(namesOf(`m${host}`, { endpoints: [endpoint] }));
  }
  return { index, random: () => 0 };
}

interface Circumstances {
  /** Containers with the name `many`. */
  readonly count?: number;
  readonly transport?: Transport;
  readonly random?: () => number;
}

function verdict(bytes: Buffer, { count = 0, transport = 'udp', random = () => 0 }: Circumstances = {}) {
  return answer({ ...depsWith(count), random }, { sandboxId: 's', bytes, transport });
}

function answered(bytes: Buffer, options?: Circumstances): Decoded & { readonly size: number } {
  const found = verdict(bytes, options);
  assert.ok(found !== undefined && 'answer' in found, 'no answer');
  return { ...decodeReply(found.answer), size: found.answer.length };
}

test('an answer has the id, the question as it was asked, RD and RA, and is not authoritative', () => {
  const query = queryFor('wEB', A, { id: 77 });
  const reply = answered(query);
  assert.deepEqual([reply.id, reply.flags.toString(16), reply.answers], [77, '8180', ['10.0.0.2']]);
  assert.deepEqual(reply.question, query.subarray(12));
  assert.equal(answered(queryFor('web', A, { flags: 0x0030 })).flags.toString(16), '8080');
});

test('an AAAA query gets the IPv6 addresses', () => {
  const reply = answered(queryFor('web.net', AAAA));
  assert.deepEqual(
    reply.answers,
    [2, 3].map((host) => `fd00${'0'.repeat(27)}${host}`),
  );
});

test('a name that exists is never denied: other types and families are empty answers', () => {
  for (const type of [MX, PTR, HTTPS, ANY, 33, 16]) {
    const reply = answered(queryFor('web', type));
    assert.deepEqual([reply.rcode, reply.answers], [0, []], String(type));
  }
  assert.deepEqual(answered(queryFor('many', AAAA), { count: 1 }).answers, []);
});

test('several addresses come in rotation', () => {
  const first = (random: number): string | undefined =>
    answered(queryFor('many', A), { count: 3, random: () => random }).answers[0];
  assert.deepEqual([0, 0.4, 0.99].map(first), ['10.1.0.0', '10.1.0.1', '10.1.0.2']);
});

test('an address of a network is answered with name and network', () => {
  assert.deepEqual(answered(queryFor('2.0.0.10.IN-addr.arpa', PTR)).answers, [
    Buffer.from('\x03web\x03net\0').toString('hex'),
  ]);
  const ip6 = `2.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
  assert.equal(answered(queryFor(ip6, PTR)).answers.length, 1);
});

test('everything else is forwarded', () => {
  for (const [name, type, options] of [
    ['example.com', A],
    ['web.other', A],
    ['3.0.0.10.in-addr.arpa', PTR],
    ['2.0.0.10.in-addr.arpa', A],
    ['', 2],
    ['web', A, { askedClass: 3 }],
  ] as [string, number, Options?][]) {
    const found = verdict(queryFor(name, type, options));
    assert.ok(found !== undefined && 'forward' in found, name);
  }
});

test('an answer above the limit of the client is truncated, over TCP it is whole', () => {
  const limits: [Options, number, number][] = [
    [{}, 512, 30],
    [{ edns: { sizeBytes: 100 } }, 512, 29],
    [{ edns: { sizeBytes: 1232 } }, 1232, 74],
    [{ edns: { sizeBytes: 65_535 } }, 4096, 200],
  ];
  for (const [options, limit, count] of limits) {
    const reply = answered(queryFor('many', A, options), { count: 200 });
    assert.deepEqual([reply.answers.length, reply.isTruncated, reply.size <= limit], [count, count < 200, true]);
  }
  const whole = answered(queryFor('many', A), { count: 200, transport: 'tcp' });
  assert.deepEqual([whole.answers.length, whole.isTruncated, new Set(whole.answers).size], [200, false, 200]);
});

test('no answer is above what TCP carries', () => {
  const reply = answered(queryFor('many', A), { count: 5000, transport: 'tcp' });
  assert.deepEqual([reply.isTruncated, reply.size <= 65_535, reply.size > 65_500], [true, true, true]);
});

test('an OPT record is answered with one', () => {
  assert.equal(answered(queryFor('web', A)).edns, undefined);
  const edns = { sizeBytes: 1232, wantsDnssec: true };
  assert.deepEqual(answered(queryFor('web', A, { edns })).edns, { sizeBytes: 4096, extendedRcode: 0, flags: 0x8000 });
  const newer = answered(queryFor('web', A, { edns: { sizeBytes: 1232, version: 1 } }));
  assert.deepEqual([newer.rcode, newer.edns?.extendedRcode, newer.answers], [0, 1, []]);
});

test('a message that is not a plain query is told so, with its id and opcode', () => {
  const notImplemented = answered(queryFor('web', A, { flags: 0x2900 }));
  assert.deepEqual([notImplemented.id, notImplemented.flags.toString(16)], [0x1234, 'a984']);
  const malformed = answered(queryFor('web', A).subarray(0, 14));
  assert.deepEqual([malformed.id, malformed.flags.toString(16), malformed.size], [0x1234, '8181', 12]);
  assert.equal(verdict(queryFor('web', A, { flags: 0x8000 })), undefined);
});
