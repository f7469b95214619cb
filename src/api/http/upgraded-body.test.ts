import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { IDLE_LIMIT_MS } from './read-json.ts';
import { readUpgradedBody } from './upgraded-body.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function read(headers: IncomingHttpHeaders) {
  const [client, connection] = duplexPair();
  const body = readUpgradedBody({ headers } as IncomingMessage, connection, 1000);
  body.catch(() => {});
  return { client, connection, body };
}

test('the body is read by its length or in chunks, and what follows it stays in the stream', async () => {
  for (const [headers, sent] of [
    [{ 'content-length': '2' }, '{}stdin'],
    [{ 'transfer-encoding': 'chunked' }, '1\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\nstdin'],
  ] as const) {
    const { client, connection, body } = read(headers);
    for (const byte of sent) client.write(byte);
    assert.equal(String(await body), '{}');
    client.end();
    assert.equal(Buffer.concat(await connection.toArray()).toString(), 'stdin');
  }
});

test('a client that announces a body and pauses for too long is refused', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const headers of [{ 'content-length': '10' }, { 'transfer-encoding': 'chunked' }]) {
    const { client, body } = read(headers);
    await turn();
    t.mock.timers.tick(IDLE_LIMIT_MS - 1);
    client.write('5');
    await turn();
    await turn();
    t.mock.timers.tick(IDLE_LIMIT_MS - 1);
    const early = await Promise.race([body, turn().then(() => 'waits')]);
    assert.equal(early, 'waits');
    t.mock.timers.tick(1);
    await assert.rejects(body, { kind: 'invalid', message: 'timed out while reading the request body' });
  }
});

test('trailers without end are refused', async () => {
  const { client, body } = read({ 'transfer-encoding': 'chunked' });
  client.write(`0\r\n${'X: y\r\n'.repeat(1000)}`);
  await assert.rejects(body, { kind: 'invalid', message: 'invalid chunked encoding' });
});
