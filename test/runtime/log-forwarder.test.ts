import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../src/base/logger.ts';
import { type DeliveryLimits, deliveryLimits } from '../../src/containers/logs/forward/delivery-limits.ts';
import { Forwarder } from '../../src/containers/logs/forward/forwarder.ts';
import { findLogDriver, type LogSubject } from '../../src/log-drivers/index.ts';
import { TaskLog } from '../../src/supervisor/logs/task-log.ts';
import { freePort } from '../support/free-port.ts';
import { LineReceiver } from '../support/line-receiver.ts';

const SUBJECT: LogSubject = {
  containerId: 'c0ffee'.padEnd(64, '0'),
  containerName: 'web',
  imageId: 'sha256:1',
  imageName: 'busybox',
  createdNanos: 0n,
  entrypoint: 'sh',
  args: [],
  daemonName: 'docker',
  hostName: 'host',
  attributes: {},
  env: [],
  labels: {},
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-forward-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The supervisor's side: a log that rotates after `maxSizeBytes`. */
function openLog(
  change: { readonly maxSizeBytes?: number; readonly maxFiles?: number; readonly compress?: boolean } = {},
) {
  const spec = {
    driver: 'json-file',
    path: logPath(),
    maxSizeBytes: 0,
    maxFiles: 5,
    compress: false,
    ...change,
  } as const;
  const fails = (error: unknown): never => assert.fail(String(error));
  return new TaskLog(spec, { onError: fails, onRotationError: fails, onDrain: () => {} });
}

const logPath = (): string => join(folder, 'x-json.log');

function forward(
  port: number,
  options: { readonly limits?: Partial<DeliveryLimits>; readonly logged?: string[]; readonly held?: boolean[] } = {},
): Forwarder {
  const note = (_fields: object, message: string): void => void options.logged?.push(message);
  const logger: Logger = { debug() {}, info: note, warn: note, error: note };
  const log = { 'syslog-address': `tcp://127.0.0.1:${port}`, tag: 't' };
  return new Forwarder({
    facts: {},
    logPath: logPath(),
    positionPath: join(folder, 'sent-log.json'),
    limits: { ...deliveryLimits({}), ...options.limits },
    logger,
    openSender: async () => findLogDriver('syslog')!.openSender!(SUBJECT, log),
    hold: async (held) => void options.held?.push(held),
  });
}

async function write(log: TaskLog, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
  await log.flushed();
}

/** The numbers of lines, as a receiver got them. */
function numbers(lines: readonly string[]): readonly number[] {
  return lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; !what(); i++) {
    assert.ok(i < 1000, String(what));
    await sleep(10);
  }
}

test('a receiver gets each line once and in its order, through rotations and compression', async () => {
  await using receiver = await LineReceiver.listen({ port: 0 });
  const log = openLog({ maxSizeBytes: 20_000, compress: true });
  const forwarder = forward(receiver.port);
  for (let at = 0; at < 3000; at += 100) {
    await write(log, at, at + 100);
    await until(() => receiver.lines.length > at - 500);
  }
  await log.close();
  forwarder.end(true);
  await forwarder.done;
  assert.deepEqual(numbers(await receiver.received(3000)), range(0, 3000));
  assert.deepEqual([forwarder.isComplete, forwarder.state.dropped], [true, 0]);
  assert.match(receiver.lines[0] ?? '', /^<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d t\[\d+\]: line 0$/);
});

test('the next forwarder goes on where the last one was, also in a file that was compressed meanwhile', async () => {
  await using receiver = await LineReceiver.listen({ port: 0 });
  const log = openLog({ maxSizeBytes: 20_000, compress: true });
  await write(log, 0, 50);
  const first = forward(receiver.port);
  await receiver.received(50);
  await until(() => first.state.unsentBytes === 0);
  await first.stop();
  await write(log, 50, 700);
  await log.close();
  assert.equal(existsSync(`${logPath()}.2.gz`), true);
  const second = forward(receiver.port);
  second.end(true);
  await second.done;
  assert.deepEqual(numbers(await receiver.received(700)), range(0, 700));
});

test('a receiver that comes later gets everything, and the outage is logged once', async () => {
  const port = await freePort();
  const logged: string[] = [];
  const log = openLog();
  const forwarder = forward(port, { logged });
  await write(log, 0, 10);
  await until(() => forwarder.state.error.includes('ECONNREFUSED'));
  await sleep(350);
  await using receiver = await LineReceiver.listen({ port });
  await log.close();
  forwarder.end(true);
  await forwarder.done;
  assert.deepEqual(numbers(receiver.lines), range(0, 10));
  assert.deepEqual(logged, ['the receiver of a log is away: it is tried again', 'the receiver of a log is back']);
});

test('lines that rotate away before a receiver comes are dropped and counted', async () => {
  const port = await freePort();
  const log = openLog({ maxSizeBytes: 10_000, maxFiles: 2 });
  const forwarder = forward(port, { limits: { maxFiles: 2 } });
  for (let at = 0; at < 1500; at += 50) {
    await write(log, at, at + 50);
    await sleep(30);
  }
  await log.close();
  await until(() => forwarder.state.dropped > 900);
  await using receiver = await LineReceiver.listen({ port });
  forwarder.end(true);
  await forwarder.done;
  const got = numbers(receiver.lines);
  // The batch under way is the oldest, and is kept.
  assert.equal(got.length + forwarder.state.dropped, 1500);
  assert.equal(got.at(-1), 1499);
  assert.deepEqual(
    got,
    [...got].sort((a, b) => a - b),
  );
});

test('non-blocking: at most the buffer is unsent, and the oldest lines are dropped', async () => {
  const port = await freePort();
  const log = openLog();
  const forwarder = forward(port, { limits: { dropsBeyondBytes: 10_000 } });
  await write(log, 0, 2000);
  await until(() => forwarder.state.dropped > 1500 && forwarder.state.unsentBytes <= 10_000);
  await using receiver = await LineReceiver.listen({ port });
  await log.close();
  forwarder.end(true);
  await forwarder.done;
  const got = numbers(receiver.lines);
  assert.deepEqual(got, range(forwarder.state.dropped, 2000));
});

test('blocking: the container is held while too much is unsent', async () => {
  await using receiver = await LineReceiver.listen({ port: 0 });
  receiver.pause();
  const held: boolean[] = [];
  const log = openLog();
  const forwarder = forward(receiver.port, { held, limits: { holdsBeyondBytes: 100_000 } });
  const chunk = Buffer.from(`${'x'.repeat(1023)}\n`.repeat(1024));
  for (let i = 0; i < 16; i++) {
    log.write('stdout', chunk);
    await log.flushed();
  }
  await until(() => held[0] === true);
  receiver.resume();
  await until(() => held.at(-1) === false);
  await log.close();
  forwarder.end(true);
  await forwarder.done;
});
