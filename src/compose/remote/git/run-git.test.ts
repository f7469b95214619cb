import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type GitCall, runGit } from './run-git.ts';

/** A call of a program that stands in for git. */
function callOf(t: TestContext, script: string): GitCall {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-git-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'git');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { args: ['x'], folder: '/', env: { PATH: `${folder}:/usr/bin:/bin` }, limitMilliseconds: 10_000 };
}

test('a git that has died, and whose helper keeps the output open, ends with the signal', async (t) => {
  const call = callOf(t, 'setsid sleep 3 &\nkill -9 $$');
  await assert.rejects(runGit(call, AbortSignal.timeout(500)), { name: 'TimeoutError' });
});

test('a git that writes too much is ended, and the error says so', async (t) => {
  const call = callOf(t, 'exec cat /dev/zero');
  await assert.rejects(runGit(call, AbortSignal.timeout(10_000)), {
    kind: 'tooLarge',
    message: 'git has written more than 4 MiB',
  });
});
