import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectOf } from '../plan/testing/project.ts';
import { seccompProfile } from './seccomp-profile.ts';

test('a seccomp profile is read without white space, and one without an end is refused', async (t) => {
  const workingDir = mkdtempSync(join(tmpdir(), 'gantry-seccomp-'));
  t.after(() => rmSync(workingDir, { recursive: true }));
  writeFileSync(join(workingDir, 'some.json'), '{ "a": 1 }\n');
  const project = { ...projectOf({}), workingDir };
  const read = (file: string) => seccompProfile(project, { name: 'web', security_opt: [`seccomp:${file}`] });
  assert.deepEqual(await read('some.json'), { profile: '{"a":1}' });
  await assert.rejects(
    read('/dev/zero'),
    /^EngineError: service "web": the seccomp profile \/dev\/zero .*more than 4 MiB/,
  );
});
