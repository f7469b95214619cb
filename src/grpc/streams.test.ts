import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { echo, never, serveEcho } from './testing/echo.ts';

const CHUNK_BYTES = 32 * 1024;
const TOTAL_BYTES = 200 * 1024 * 1024;
const COUNT = TOTAL_BYTES / CHUNK_BYTES;
/** Windows of both sides, buffers of streams, and what the garbage collector has not taken yet. */
const MEMORY_LIMIT_BYTES = 128 * 1024 * 1024;
/** What may be on its way to a reader that does not read: a stream's window and the buffers on both sides of it. */
const IN_FLIGHT_BYTES = 8 * 1024 * 1024;

/** Samples the memory of buffers until it is disposed of. */
function watchMemory() {
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }, 5);
  return { peak: () => peak, [Symbol.dispose]: () => clearInterval(timer) };
}

test('200 MB in small messages take little memory, in both directions', async () => {
  const data = Buffer.alloc(CHUNK_BYTES, 1);
  await using api = await serveEcho({
    async *Down() {
      for (let count = 0; count < COUNT; count += 1) yield { data };
    },
    async Up(notes) {
      let number = 0;
      for await (const note of notes) number += note.data.length;
      return { number };
    },
  });
  using memory = watchMemory();
  const down = api.client.call(echo.Down, {}, never);
  await down.send({});
  down.end();
  let received = 0;
  for await (const note of down.responses) received += note.data.length;
  assert.equal(received, TOTAL_BYTES);

  const up = api.client.call(echo.Up, {}, never);
  for (let count = 0; count < COUNT; count += 1) await up.send({ data });
  up.end();
  for await (const { number } of up.responses) assert.equal(number, TOTAL_BYTES);
  assert.ok(memory.peak() < MEMORY_LIMIT_BYTES, `${memory.peak()} bytes`);
});

test('a reader that pauses stops the writer, in both directions', async () => {
  const data = Buffer.alloc(CHUNK_BYTES);
  let sentDown = 0;
  const held = Promise.withResolvers<void>();
  await using api = await serveEcho({
    async *Down() {
      for (; sentDown < TOTAL_BYTES; sentDown += CHUNK_BYTES) yield { data };
    },
    async Up(notes) {
      let number = 0;
      for await (const note of notes) {
        await held.promise;
        number += note.data.length;
      }
      return { number };
    },
  });
  const abort = new AbortController();
  const down = api.client.call(echo.Down, {}, abort.signal);
  await down.send({});
  down.end();
  const responses = down.responses[Symbol.asyncIterator]();
  await responses.next();
  const stopped = await standstill(() => sentDown);
  assert.ok(stopped < IN_FLIGHT_BYTES, `${stopped} bytes`);
  abort.abort();

  const up = api.client.call(echo.Up, {}, never);
  let sentUp = 0;
  const sending = (async () => {
    for (; sentUp < 2 * IN_FLIGHT_BYTES; sentUp += CHUNK_BYTES) await up.send({ data });
    up.end();
  })();
  const stoppedUp = await standstill(() => sentUp);
  assert.ok(stoppedUp < IN_FLIGHT_BYTES, `${stoppedUp} bytes`);
  held.resolve();
  await sending;
  for await (const { number } of up.responses) assert.equal(number, 2 * IN_FLIGHT_BYTES);
});

/** The value once it has not changed for a while. */
async function standstill(value: () => number): Promise<number> {
  for (let last = -1, same = 0; same < 20; ) {
    await sleep(10);
    same = value() === last ? same + 1 : 0;
    last = value();
  }
  return value();
}
