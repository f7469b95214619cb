import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('../../tools/test.mjs', import.meta.url));

/** Two files run a shared suite. Files note their runs. */
const SHARED = `
  import { test } from 'node:test';
  import { appendFileSync } from 'node:fs';
  export const suite = (name, run) => {
    appendFileSync(new URL('./runs', import.meta.url), name + '\\n');
    test('of the suite', run);
  };`;

test('a run that somebody ends has failed, whatever passed until then', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-again-'));
  try {
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const good = write('good.test.mjs', `import { test } from 'node:test'; test('good', () => {});`);
    const mark = join(folder, 'mark');
    // Fails once, so that there is something to run again, and ends the runner.
    const ender = write(
      'ender.test.mjs',
      `import { test } from 'node:test';
       import { existsSync, writeFileSync } from 'node:fs';
       test('fails once', () => {
         if (existsSync(${JSON.stringify(mark)})) return;
         writeFileSync(${JSON.stringify(mark)}, '');
         setTimeout(() => process.kill(process.ppid, 'SIGTERM'), 500);
         throw new Error('once');
       });
       test('takes longer', () => new Promise((resolve) => setTimeout(resolve, 3000)));`,
    );
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, [RUNNER, ender, good], { encoding: 'utf8', env });
    assert.match(stdout, /The run was cut off\. \d files? did not run to/);
    assert.equal(status, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('files with failures run once more, whole; a shared suite that passed elsewhere does not hide its failure', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-again-'));
  try {
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    write('shared.mjs', SHARED);
    const good = write('good.test.mjs', `import { suite } from './shared.mjs'; suite('good', () => {});`);
    const bad = write(
      'bad.test.mjs',
      `import { suite } from './shared.mjs'; suite('bad', () => { throw new Error('no'); });`,
    );
    const flaky = write(
      'flaky.test.mjs',
      `import { existsSync, writeFileSync } from 'node:fs';
       import { suite } from './shared.mjs';
       const mark = new URL('./mark', import.meta.url);
       const isAgain = existsSync(mark);
       writeFileSync(mark, '');
       suite('flaky', () => {
         if (!isAgain) throw new Error('busy');
       });`,
    );
    const crash = write('crash.test.mjs', `import './shared.mjs'; process.kill(process.pid, 'SIGKILL');`);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const run = (...files: string[]): number | null => {
      writeFileSync(join(folder, 'runs'), '');
      return spawnSync(process.execPath, [RUNNER, ...files], { encoding: 'utf8', env }).status;
    };
    const runs = (): string[] => readFileSync(join(folder, 'runs'), 'utf8').split('\n').filter(Boolean).sort();
    assert.equal(run(good, flaky), 0);
    assert.deepEqual(runs(), ['flaky', 'flaky', 'good']);
    assert.equal(run(good, bad), 1);
    assert.deepEqual(runs(), ['bad', 'bad', 'good']);
    assert.equal(run(good, crash), 1);
    assert.deepEqual(runs(), ['good']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
