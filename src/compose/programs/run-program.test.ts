import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './run-program.ts';

const shell = (script: string) => ({ path: '/bin/sh', args: ['-c', script], env: process.env });

test('lines, the exit code and the errors are passed on', async () => {
  const lines: string[] = [];
  const end = await runProgram(
    shell('echo one; echo two; echo bad >&2; exit 3'),
    (line) => lines.push(line),
    AbortSignal.timeout(10_000),
  );
  assert.deepEqual({ lines, ...end }, { lines: ['one', 'two'], exitCode: 3, errors: 'bad' });
});

test('nothing is started once the signal has aborted', async () => {
  const lines: string[] = [];
  await assert.rejects(
    runProgram(shell('echo one'), (line) => lines.push(line), AbortSignal.abort()),
    { name: 'AbortError' },
  );
  assert.deepEqual(lines, []);
});
