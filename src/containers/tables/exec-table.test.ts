import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import { newObjectId, type ObjectId } from '../../base/ids.ts';
import { silentLogger } from '../../base/logger.ts';
import { memoryRecords } from '../../base/records.ts';
import type { ExecRecord } from '../model/record.ts';
import { ExecTable } from './exec-table.ts';

function table(): { readonly execs: ExecTable; readonly stored: () => number; fail(error: Error | undefined): void } {
  const records = memoryRecords<ExecRecord>();
  let failure: Error | undefined;
  const remove = (id: string): void => {
    if (failure !== undefined) throw failure;
    records.delete(id);
  };
  return {
    execs: new ExecTable({ ...records, delete: remove }, silentLogger),
    stored: () => records.all().length,
    fail: (error) => {
      failure = error;
    },
  };
}

function exec(id: string, containerId: ObjectId): ExecRecord {
  return {
    id,
    containerId,
    entrypoint: 'true',
    arguments: [],
    tty: false,
    privileged: false,
    user: '',
    env: [],
    workingDir: '',
    openStdin: false,
    openStdout: false,
    openStderr: false,
    detachKeys: '',
    running: true,
    pid: 1,
    exitCode: null,
  };
}

test('an exec is unknown and has ended after its deletion, also on a disk too full to delete its record', async () => {
  const { execs, stored, fail } = table();
  execs.put(exec('one', newObjectId()));
  const ended = execs.ended('one');
  fail(new EngineError('noSpace', 'no space left on device'));
  execs.delete('one');
  await ended;
  assert.equal(execs.find('one'), undefined);
  assert.equal(stored(), 1);
});

test('the deletion of the execs of a container can be repeated by a transaction that failed', () => {
  const { execs, stored, fail } = table();
  const containerId = newObjectId();
  for (const id of ['one', 'two']) execs.put(exec(id, containerId));
  // Within a transaction errors are those of SQLite.
  fail(new Error('database or disk is full'));
  assert.throws(() => execs.deleteOf(containerId));
  fail(undefined);
  execs.deleteOf(containerId);
  assert.equal(stored(), 0);
  assert.deepEqual(execs.of(containerId), []);
});
