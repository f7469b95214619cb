import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTaskRuntime } from '../../src/runtime/index.ts';
import { eventually } from '../support/fixture.ts';
import { processesOf } from '../support/resources.ts';
import { SUPERVISOR } from '../support/task-host.ts';

test('a default runtime that does not exist is refused, and leaves no supervisor and no connection', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gt-'));
  const execRoot = join(root, 'x');
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const handles = process.getActiveResourcesInfo().length;
  await assert.rejects(
    createTaskRuntime({ execRoot, runtimes: {}, defaultRuntime: 'kata', supervisorCommand: SUPERVISOR, logger }),
    { kind: 'invalid', message: "specified default runtime 'kata' does not exist" },
  );
  await eventually(async () => {
    assert.deepEqual(processesOf({ execRoot }), []);
    assert.ok(process.getActiveResourcesInfo().length <= handles);
  });
  rmSync(root, { recursive: true });
});
