import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { LogSpec } from '../../spec/index.ts';
import { TaskLog } from './task-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function spec(change: Partial<LogSpec> = {}): LogSpec {
  return { driver: 'json-file', path: join(folder, 'x.log'), maxSizeBytes: 0, maxFiles: 1, compress: false, ...change };
}

function open(change: Partial<LogSpec> = {}): {
  readonly log: TaskLog;
  readonly errors: unknown[];
  readonly rotationErrors: unknown[];
} {
  const errors: unknown[] = [];
  const rotationErrors: unknown[] = [];
  const events = {
    onError: (error: unknown) => void errors.push(error),
    onRotationError: (error: unknown) => void rotationErrors.push(error),
    onDrain: () => {},
  };
  return { log: new TaskLog(spec(change), events), errors, rotationErrors };
}

function writeLines(log: TaskLog, from: number, to: number): void {
  for (let i = from; i < to; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
}

/** Asserts that these files, oldest first, have the lines up to `end` without a gap, and returns the first. */
function firstOf(names: readonly string[], end: number): number {
  const kept = names.flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    return lines((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString());
  });
  const first = end - kept.length;
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => `line ${first + i}\n`),
  );
  return first;
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { log: string }).log);
}

test('both streams go to one file, with a time of nanoseconds', async () => {
  const { log } = open();
  log.write('stdout', Buffer.from('out\n'));
  log.write('stderr', Buffer.from('err\n'));
  await log.close();
  const text = readFileSync(spec().path, 'utf8');
  assert.deepEqual(lines(text), ['out\n', 'err\n']);
  assert.match(text, /"stream":"stderr","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z"\}\n$/);
});

test('a log that exists is continued', async () => {
  for (const word of ['one', 'two']) {
    const { log } = open();
    log.write('stdout', Buffer.from(`${word}\n`));
    await log.close();
  }
  assert.deepEqual(lines(readFileSync(spec().path, 'utf8')), ['one\n', 'two\n']);
});

test('rotation keeps so many files, the newest without a number, and loses no line between them', async () => {
  const { log, errors } = open({ maxSizeBytes: 5000, maxFiles: 3 });
  for (let i = 0; i < 500; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
  await log.close();
  assert.deepEqual(errors, []);
  assert.deepEqual(readdirSync(folder).sort(), ['x.log', 'x.log.1', 'x.log.2']);
  const kept = ['x.log.2', 'x.log.1', 'x.log'].flatMap((name) => lines(readFileSync(join(folder, name), 'utf8')));
  const first = Number(kept[0]?.slice(5));
  assert.deepEqual(
    kept,
    Array.from({ length: 500 - first }, (_, i) => `line ${first + i}\n`),
  );
  for (const name of ['x.log.1', 'x.log.2']) {
    const size = readFileSync(join(folder, name)).length;
    assert.ok(size >= 5000 && size < 5200, `${name} has ${size} bytes`);
  }
});

test('with one file the log starts anew when it is full', async () => {
  const { log } = open({ maxSizeBytes: 1000 });
  for (let i = 0; i < 50; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
  await log.close();
  assert.deepEqual(readdirSync(folder), ['x.log']);
  assert.equal(lines(readFileSync(spec().path, 'utf8')).at(-1), 'line 49\n');
});

test('rotated files are compressed', async () => {
  const { log, errors } = open({ maxSizeBytes: 2000, maxFiles: 3, compress: true });
  for (let i = 0; i < 200; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
  await log.close();
  assert.deepEqual(errors, []);
  assert.deepEqual(readdirSync(folder).sort(), ['x.log', 'x.log.1.gz', 'x.log.2.gz']);
  const second = lines(gunzipSync(readFileSync(join(folder, 'x.log.1.gz'))).toString());
  const current = lines(readFileSync(spec().path, 'utf8'));
  assert.equal(Number(current[0]?.slice(5)), Number(second.at(-1)?.slice(5)) + 1);
});

test('a log that cannot be rotated loses no line, and is rotated when it can be', async () => {
  const { log, errors, rotationErrors } = open({ maxSizeBytes: 2000, maxFiles: 2 });
  // A file cannot replace a folder.
  mkdirSync(join(folder, 'x.log.1'));
  writeLines(log, 0, 200);
  await log.flushed();
  assert.equal(firstOf(['x.log'], 200), 0);
  assert.deepEqual([errors.length, rotationErrors.length], [0, 1]);
  rmdirSync(join(folder, 'x.log.1'));
  let end = 200;
  for (; !existsSync(join(folder, 'x.log.1')) && end < 300; end++) {
    writeLines(log, end, end + 1);
    await log.flushed();
  }
  await log.close();
  assert.equal(firstOf(['x.log.1', 'x.log'], end), 0);
  assert.ok(lines(readFileSync(spec().path, 'utf8')).length < 10);
});

test('a file that could not be compressed is kept as long as the others', async () => {
  const { log, rotationErrors } = open({ maxSizeBytes: 2000, maxFiles: 4, compress: true });
  mkdirSync(join(folder, 'x.log.1.tmp/full'), { recursive: true });
  writeLines(log, 0, 100);
  await log.flushed();
  rmdirSync(join(folder, 'x.log.1.tmp/full'));
  rmdirSync(join(folder, 'x.log.1.tmp'));
  assert.equal(rotationErrors.length, 1);
  writeLines(log, 100, 130);
  await log.close();
  const rotated = readdirSync(folder).filter((name) => name !== 'x.log');
  assert.deepEqual(rotated.sort(), ['x.log.1.gz', 'x.log.2', 'x.log.3']);
  firstOf(['x.log.3', 'x.log.2', 'x.log.1.gz', 'x.log'], 130);
});

test('a full disk is reported once, and holds nobody up', async () => {
  const { log, errors } = open({ path: '/dev/full' });
  for (let i = 0; i < 100; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
  await log.flushed();
  for (let i = 0; i < 100; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
  await log.close();
  assert.equal(errors.length, 1);
  assert.equal((errors[0] as { code?: string }).code, 'ENOSPC');
  assert.equal(log.congested, false);
});

test('the folder of a removed container is not made again', async () => {
  const { log } = open({ path: join(folder, 'removed/x.log') });
  log.write('stdout', Buffer.from('x\n'));
  await log.close();
  assert.equal(existsSync(join(folder, 'removed')), false);
});
