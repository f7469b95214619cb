import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { control } from '../../src/grpc/messages/control.ts';
import { connectEngineBuilder } from '../support/driven-build.ts';
import { eventually, useEngine } from '../support/fixture.ts';

// Frames of HTTP/2 by hand, on the connections of BuildKit's clients. The engine stays up, small and without their descriptors.
const engine = useEngine();

const RSS_MEGABYTES = 500;
const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 };
const END_HEADERS = 4;
const ROUNDS = 400;
const SOLVE = '/moby.buildkit.v1.Control/Solve';

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A field of a header block, never indexed (RFC 7541, 6.2.3). */
function field(name: string, value: string): Buffer {
  const text = (word: string): Buffer => Buffer.concat([Buffer.of(word.length), Buffer.from(word)]);
  return Buffer.concat([Buffer.of(0x10), text(name), text(value)]);
}

const GREETING = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(TYPE.settings, 0, 0)]);
const CALL = Buffer.concat([
  ...[field(':method', 'POST'), field(':scheme', 'http'), field(':path', SOLVE), field(':authority', 'x')],
  ...[field('content-type', 'application/grpc'), field('te', 'trailers')],
]);
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const repeated = (bytes: Buffer, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

/** Connects to a hijacked path. What the engine answers is read and dropped. */
function hijack(path: string, headers = ''): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(engine().socketPath);
  socket.on('error', () => {}).on('close', () => reject(new Error('closed')));
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${headers}\r\n`);
  socket.once('data', (bytes) => {
    assert.match(bytes.toString(), /^HTTP\/1\.1 101 /);
    socket.resume();
    resolve(socket);
  });
  return promise;
}

/** A busy machine takes long to read a flood. An engine that closes nothing fails the test all the same. */
const CLOSED_WITHIN_MS = 20_000;

/** Sends pieces until all are sent, or until the engine has closed the connection. Returns whether it has. */
async function flood(pieces: Iterable<Buffer>): Promise<boolean> {
  const socket = await hijack('/grpc');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(GREETING);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
  }
  await Promise.race([closed, sleep(CLOSED_WITHIN_MS, undefined, { ref: false })]);
  const isClosed = socket.destroyed;
  socket.destroy();
  return isClosed;
}

function* rounds(piece: (round: number) => Buffer): Generator<Buffer> {
  for (let round = 0; round < ROUNDS; round++) yield piece(round);
}

const FLOODS: Readonly<Record<string, () => Iterable<Buffer>>> = {
  'continuations without end': () => [
    frame(TYPE.headers, 0, 1, CALL),
    ...rounds(() => repeated(frame(TYPE.continuation, 0, 1, field('k'.repeat(60), 'v'.repeat(120))), 100)),
  ],
  'empty continuations': () => [
    frame(TYPE.headers, 0, 1, CALL),
    ...rounds(() => repeated(frame(TYPE.continuation, 0, 1), 1000)),
  ],
  'calls that are reset at once': () =>
    rounds((round) =>
      Buffer.concat(
        Array.from({ length: 200 }, (_, at) => {
          const stream = (round * 200 + at) * 2 + 1;
          return Buffer.concat([
            frame(TYPE.headers, END_HEADERS, stream, CALL),
            frame(TYPE.reset, 0, stream, uint32(8)),
          ]);
        }),
      ),
    ),
  'a window that is too large': () => repeatedly(2, frame(TYPE.windowUpdate, 0, 0, uint32(0x7fffffff))),
  'a message beyond the limit': () => [
    frame(TYPE.headers, END_HEADERS, 1, CALL),
    frame(TYPE.data, 0, 1, Buffer.concat([Buffer.of(0), uint32(64 << 20)])),
    ...rounds(() => frame(TYPE.data, 0, 1, Buffer.alloc(16384))),
  ],
};

const repeatedly = (count: number, piece: Buffer): readonly Buffer[] => Array.from({ length: count }, () => piece);

const rss = (): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${engine().pid()}/status`, 'utf8'))?.[1]) / 1024;
const descriptors = (): number => readdirSync(`/proc/${engine().pid()}/fd`).length;

async function assertCalm(before: number): Promise<void> {
  assert.equal((await engine().api('GET', '/_ping')).status, 200);
  await eventually(async () => assert.ok(descriptors() <= before + 5, `${descriptors()} descriptors of ${before}`));
  assert.ok(rss() < RSS_MEGABYTES, `${rss()} MB of memory`);
}

for (const [what, pieces] of Object.entries(FLOODS))
  test(`a connection ends that sends ${what}`, async () => {
    const before = descriptors();
    assert.equal(await flood(pieces()), true);
    await assertCalm(before);
  });

test('connections that are opened and not used cost little', async () => {
  const before = descriptors();
  const opened: Socket[] = [];
  for (let at = 0; at < 200; at++) {
    opened.push(await hijack('/grpc'), await hijack('/session', `X-Docker-Expose-Session-Uuid: idle${at}\r\n`));
    opened.at(-2)?.write(GREETING.subarray(0, at % GREETING.length));
  }
  assert.equal((await engine().api('GET', '/_ping')).status, 200);
  for (const socket of opened) socket.destroy();
  await assertCalm(before);
});

test('a thousand builds at once end with their client', async () => {
  const before = descriptors();
  const clients = await Promise.all(Array.from({ length: 2 }, () => connectEngineBuilder(engine().socketPath)));
  const signal = new AbortController().signal;
  const calls = clients.flatMap((client, at) =>
    Array.from({ length: 600 }, (_, call) =>
      client.unary(
        control.Solve,
        { Ref: `many-${at}-${call}`, FrontendAttrs: new Map([['a', 'x'.repeat(10_000)]]) },
        {},
        signal,
      ),
    ),
  );
  const ended = Promise.allSettled(calls);
  await sleep(1000);
  assert.equal((await engine().api('GET', '/_ping')).status, 200);
  for (const client of clients) await client[Symbol.asyncDispose]();
  await ended;
  await assertCalm(before);
  const { stdout } = await engine().gantry(['buildx', 'history', 'ls']);
  assert.ok(stdout.split('\n').length < 60, stdout);
  await engine().ok('gantry', ['build', '-'], { input: 'FROM busybox\nRUN true\n' });
});
