import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDescriptorLog, LOG_LIMIT_BYTES } from './descriptor-log.ts';

test('a full disk costs lines of the log, not the process', () => {
  const full = openSync('/dev/full', 'a');
  const script = `
    const { createDescriptorLog } = await import(${JSON.stringify(join(import.meta.dirname, 'descriptor-log.ts'))});
    createDescriptorLog(2).warn({}, 'cannot write the record of an exit');
    setImmediate(() => process.stdout.write('alive'));`;
  try {
    const args = ['--input-type=module', '-e', script];
    assert.equal(execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', full] }).toString(), 'alive');
  } finally {
    closeSync(full);
  }
});

test('the log keeps its newest lines when it becomes too large', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-log-'));
  const path = join(folder, 'supervisor.log');
  writeFileSync(path, `${'x'.repeat(99)}\n`.repeat(LOG_LIMIT_BYTES / 100));
  const descriptor = openSync(path, 'a');
  try {
    const log = createDescriptorLog(descriptor);
    log.info({}, 'first');
    log.info({ more: 1 }, 'second');
    log.info({}, 'third');
  } finally {
    closeSync(descriptor);
  }
  const text = readFileSync(path, 'utf8');
  rmSync(folder, { recursive: true });
  assert.ok(text.length > LOG_LIMIT_BYTES / 3 && text.length < LOG_LIMIT_BYTES, `${text.length} bytes`);
  const lines = text.trimEnd().split('\n');
  assert.equal(lines[0], 'x'.repeat(99));
  const messages = lines.slice(-3).map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.deepEqual(messages, ['first', 'second', 'third']);
});
