import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { DetachScanner } from '../../io/index.ts';
import { pump } from './pump.ts';

const KEYS = Buffer.from([16, 17]);

function ends() {
  const [task, process] = duplexPair();
  const [connection, client] = duplexPair();
  return { task, process, connection, client, signal: new AbortController().signal };
}

test('output reaches the client to the last byte, then the connection ends', async () => {
  const { task, process, connection, client, signal } = ends();
  const seen = text(client);
  const pumped = pump(task, connection, { stdin: false, closeStdin: false }, signal);
  process.write('hello ');
  process.end('world');
  assert.equal(await pumped, 'ended');
  assert.equal(await seen, 'hello world');
});

test('a task without output that ended before the client was connected ends the client', async () => {
  const { task, process, connection, client, signal } = ends();
  const seen = text(client);
  const ended = once(task, 'end');
  process.end();
  task.read(0); // As a socket does that comes to its end.
  await ended;
  assert.equal(await pump(task, connection, { stdin: false, closeStdin: false }, signal), 'ended');
  assert.equal(await seen, '');
});

test('input reaches the task, and its end closes stdin where it is meant to', async () => {
  const { task, process, connection, client, signal } = ends();
  const stdin = text(process);
  const pumped = pump(task, connection, { stdin: true, closeStdin: true }, signal);
  client.resume();
  client.end('data\n');
  assert.equal(await stdin, 'data\n');
  process.end();
  assert.equal(await pumped, 'ended');
});

test('input that ended before the client was connected closes stdin', async () => {
  const { task, process, connection, client, signal } = ends();
  const stdin = text(process);
  const ended = once(connection, 'end');
  client.end();
  connection.read(0); // As a socket does that comes to its end.
  await ended;
  const pumped = pump(task, connection, { stdin: true, closeStdin: true }, signal);
  client.resume();
  assert.equal(await stdin, '');
  process.end();
  assert.equal(await pumped, 'ended');
});

test('detach keys end the attachment and reach nobody', async () => {
  const { task, process, connection, client, signal } = ends();
  const pumped = pump(task, connection, { stdin: true, closeStdin: false, detach: new DetachScanner(KEYS) }, signal);
  const typed: Buffer[] = [];
  process.on('data', (chunk: Buffer) => typed.push(chunk));
  client.resume();
  client.write('ls\n');
  client.write(Buffer.from([16]));
  client.write(Buffer.from([17]));
  assert.equal(await pumped, 'detached');
  assert.equal(Buffer.concat(typed).toString(), 'ls\n');
});

test('the exit is awaited between the end of output and the end of the connection', async () => {
  const { task, process, connection, client, signal } = ends();
  const exit = Promise.withResolvers<void>();
  let ended = false;
  client.resume();
  client.once('end', () => {
    ended = true;
  });
  const pumped = pump(task, connection, { stdin: false, closeStdin: false, beforeEnd: () => exit.promise }, signal);
  process.end('x');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ended, false);
  exit.resolve();
  assert.equal(await pumped, 'ended');
});

test('a client that goes away leaves the task its stdin', async () => {
  const { task, process, connection, signal } = ends();
  const pumped = pump(task, connection, { stdin: true, closeStdin: false }, signal);
  let stdinEnded = false;
  process.once('end', () => {
    stdinEnded = true;
  });
  connection.destroy();
  assert.equal(await pumped, 'gone');
  assert.equal(stdinEnded, false);
});

test('an abort ends both sides', async () => {
  const { task, connection } = ends();
  const abort = new AbortController();
  const pumped = pump(task, connection, { stdin: false, closeStdin: false }, abort.signal);
  abort.abort();
  assert.equal(await pumped, 'gone');
  assert.equal(task.destroyed, true);
  assert.equal(connection.destroyed, true);
});

test('bytes that only begin the detach keys are passed on in full', () => {
  const scanner = new DetachScanner(KEYS);
  assert.deepEqual(scanner.scan(Buffer.from([1, 16])), { pass: Buffer.from([1]), detached: false });
  assert.deepEqual(scanner.scan(Buffer.from([16, 2])), { pass: Buffer.from([16, 16, 2]), detached: false });
  assert.deepEqual(scanner.scan(Buffer.from([3, 16, 17, 4])), { pass: Buffer.from([3]), detached: true });
});

test('what is held back is passed on when the input ends', () => {
  const scanner = new DetachScanner(KEYS);
  scanner.scan(Buffer.from([16]));
  assert.deepEqual(scanner.flush(), Buffer.from([16]));
});
