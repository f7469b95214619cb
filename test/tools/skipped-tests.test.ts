import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('../../tools/test.mjs', import.meta.url));

test('a skipped test is told at the end of the run, with its reason', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-skipped-'));
  try {
    const file = join(folder, 'some.test.mjs');
    writeFileSync(
      file,
      `import { test } from 'node:test';
       test('first', { skip: 'no such program' }, () => {});
       test('second', (t) => t.skip('not root'));
       test('third', () => {});`,
    );
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const run = (...files: string[]) => spawnSync(process.execPath, [RUNNER, ...files], { encoding: 'utf8', env });
    const { stdout, status } = run(file);
    const end = stdout.split('\nSkipped tests, which show nothing here:\n')[1]?.trim().split('\n');
    assert.equal(status, 0);
    assert.equal(end?.length, 2);
    assert.match(end?.[0] ?? '', /some\.test\.mjs: first: no such program$/);
    assert.match(end?.[1] ?? '', /some\.test\.mjs: second: not root$/);
    writeFileSync(file, `import { test } from 'node:test'; test('third', () => {});`);
    assert.doesNotMatch(run(file).stdout, /Skipped tests/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
