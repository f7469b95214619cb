import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CommandResult, command } from '../support/command.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

// `gantry compose` when it is interrupted, and when things go away beside it.
const engine = useEngine();
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

interface TestProject {
  readonly name: string;
  compose(...args: readonly string[]): Promise<CommandResult>;
  /** Starts a command that goes on. `printed` returns all that it has written. */
  start(...args: readonly string[]): { readonly child: ChildProcess; readonly printed: () => string };
}

function project(t: TestContext, file: string): TestProject {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
  const name = unique('compose');
  writeFileSync(join(folder, 'compose.yaml'), file);
  const words = ['compose', '-p', name, '-f', join(folder, 'compose.yaml')];
  const env = { DOCKER_HOST: `unix://${engine().socketPath}` };
  const compose = (...args: readonly string[]): Promise<CommandResult> => command(GANTRY, [...words, ...args], { env });
  t.after(async () => {
    await compose('down', '-t', '0', '-v', '--remove-orphans');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...{ name, compose },
    start(...args) {
      const child = spawn(GANTRY, [...words, ...args], { env: { ...process.env, ...env } });
      t.after(() => child.kill('SIGKILL'));
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
      return { child, printed: () => text };
    },
  };
}

test('Ctrl-C while up in the foreground still starts services stops those that run', async (t) => {
  const app = project(
    t,
    `
services:
  first: { image: busybox, command: sleep 1000, stop_grace_period: 0s }
  last:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    depends_on: [first]
    post_start: [{ command: sleep 1 }]
`,
  );
  const { child, printed } = app.start('up');
  await eventually(async () => assert.match(printed(), /last-1 {2}Starting$/m));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  assert.match(printed(), /^Gracefully Stopping/m);
  assert.equal((await app.compose('ps', '-q')).stdout, '');
});
