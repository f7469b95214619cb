import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { makeFifo, Readiness } from '../linux/index.ts';
import { Attachment } from './attachment.ts';
import { TaskStreams } from './task-streams.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
let folder: string;
const readiness = new Readiness();
after(() => readiness[Symbol.dispose]());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'st-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fifo(name: string): { readonly reader: number; readonly writer: number } {
  const path = join(folder, name);
  makeFifo(path, 0o600);
  return { reader: openSync(path, O_RDONLY | O_NONBLOCK), writer: openSync(path, O_RDWR | O_NONBLOCK) };
}

let sockets = 0;

/** A connected pair: the supervisor's end and the client's. */
async function pair(): Promise<{ readonly ours: Socket; readonly theirs: Socket; readonly close: () => void }> {
  const path = join(folder, `s${sockets++}`);
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, resolve);
  await new Promise<void>((listening) => server.listen(path, listening));
  const theirs = connect(path);
  theirs.on('error', () => {});
  const ours = await promise;
  return { ours, theirs, close: () => server.close() };
}

function streams(isDaemonAlive: () => Promise<boolean>): TaskStreams {
  const spoolPath = (kind: number): string => join(folder, `${kind}.spool`);
  return new TaskStreams({
    ...{ tty: false, stdinOnce: false, log: undefined, readiness, spoolPath },
    ...{ isDaemonAlive, stallMilliseconds: 20 },
  });
}

/** Writes as a process does that nothing delays, until `bytes` are written. */
async function pour(writer: number, bytes: number): Promise<void> {
  const block = Buffer.alloc(32_768, 'x');
  for (let done = 0; done < bytes; ) {
    try {
      done += writeSync(writer, block);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

const OUTPUT = {
  kind: 'attach',
  task: { containerId: 'c' },
  stdin: false,
  stdout: true,
  stderr: true,
  running: false,
} as const;

test('a daemon that does not read and does not answer is dropped, and the container goes on', async () => {
  const { ours, close } = await pair();
  const { reader, writer } = fifo('stdout');
  let asked = 0;
  const carrying = streams(() => {
    asked++;
    return Promise.resolve(false);
  });
  const client = new Attachment(ours, OUTPUT, Buffer.alloc(0));
  carrying.open({ stdin: undefined, stdout: reader, stderr: undefined }, [client]);
  await pour(writer, 8 * 1024 * 1024);
  assert.equal(asked, 1);
  assert.equal(client.closed, true);
  closeSync(writer);
  await carrying.ended;
  close();
});

test('a daemon that answers keeps its slow client, which gets every byte', async () => {
  const { ours, theirs, close } = await pair();
  const { reader, writer } = fifo('stdout');
  const asked = Promise.withResolvers<void>();
  let times = 0;
  const carrying = streams(() => {
    times++;
    if (times === 3) asked.resolve();
    return Promise.resolve(true);
  });
  carrying.open({ stdin: undefined, stdout: reader, stderr: undefined }, [
    new Attachment(ours, OUTPUT, Buffer.alloc(0)),
  ]);
  const total = 2 * 1024 * 1024;
  const poured = pour(writer, total);
  await asked.promise;
  let received = 0;
  let frames = 0;
  const ended = new Promise<void>((resolve) => theirs.on('end', resolve));
  let rest = Buffer.alloc(0);
  theirs.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      frames++;
      received += rest.readUInt32BE(4);
      rest = rest.subarray(8 + rest.readUInt32BE(4));
    }
  });
  await poured;
  closeSync(writer);
  await carrying.ended;
  await ended;
  assert.ok(frames > 0);
  assert.equal(received, total);
  theirs.end();
  close();
});

test('what others hold open after the death of a process is given up after the grace', async () => {
  const { reader, writer } = fifo('stdout');
  const carrying = streams(() => Promise.resolve(true));
  carrying.open({ stdin: undefined, stdout: reader, stderr: undefined }, []);
  await carrying.drain(30);
  closeSync(writer);
});

test('a client that comes after the last byte of output is told the end: at once, or with the process when it has input to send', async () => {
  const { reader, writer } = fifo('stdout');
  const carrying = streams(() => Promise.resolve(true));
  carrying.open({ stdin: undefined, stdout: reader, stderr: undefined }, []);
  closeSync(writer);
  await carrying.ended;
  const [first, second] = [await pair(), await pair()];
  const told: string[] = [];
  first.theirs.resume().once('end', () => told.push('without input'));
  second.theirs.resume().once('end', () => told.push('with input'));
  carrying.attach(new Attachment(first.ours, OUTPUT, Buffer.alloc(0)));
  carrying.attach(new Attachment(second.ours, { ...OUTPUT, stdin: true }, Buffer.alloc(0)));
  await once(first.theirs, 'end');
  assert.deepEqual(told, ['without input']);
  const ended = once(second.theirs, 'end');
  await carrying.drain(1000);
  await ended;
  first.close();
  second.close();
});
