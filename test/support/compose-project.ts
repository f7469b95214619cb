import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CommandResult, command } from './command.ts';
import type { TestEngine } from './engine.ts';
import { unique } from './fixture.ts';

export const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

/** A Compose project in a folder of its own. It is taken down after the test. */
export interface TestProject {
  readonly name: string;
  readonly folder: string;
  /** Writes a file of the project. */
  write(file: string, text: string): void;
  /** Runs `gantry compose`, whatever its exit code. */
  compose(...args: readonly string[]): Promise<CommandResult>;
  /** Runs it and returns what it prints. Its exit code is 0. */
  ok(...args: readonly string[]): Promise<string>;
  /** Ids of the project's containers by their names. */
  containers(): Promise<ReadonlyMap<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Starts a command that goes on. `printed` returns all that it has written. */
  start(...args: readonly string[]): { readonly child: ChildProcess; readonly printed: () => string };
}

export function composeProject(
  t: TestContext,
  engine: TestEngine,
  files: Readonly<Record<string, string>>,
): TestProject {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-compose-'));
  const name = unique('compose');
  const write = (file: string, text: string): void => {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  for (const [file, text] of Object.entries(files)) write(file, text);
  const env = { DOCKER_HOST: `unix://${engine.socketPath}` };
  const compose = (...args: readonly string[]): Promise<CommandResult> =>
    command(GANTRY, ['compose', '-p', name, '-f', join(folder, 'compose.yaml'), ...args], { env });
  t.after(async () => {
    await compose('down', '-t', '0', '-v', '--remove-orphans', '--rmi', 'local');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...{ name, folder, write, compose, env },
    async ok(...args) {
      const { code, stdout, stderr } = await compose(...args);
      assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
      return stdout.trim();
    },
    start(...args) {
      const words = ['compose', '-p', name, '-f', join(folder, 'compose.yaml'), ...args];
      const child = spawn(GANTRY, words, { env: { ...process.env, ...env } });
      t.after(() => child.kill('SIGKILL'));
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
      return { child, printed: () => text };
    },
    async containers() {
      const filter = `label=com.docker.compose.project=${name}`;
      const listed = await engine.ok('gantry', [
        'ps',
        '-a',
        '--no-trunc',
        '--filter',
        filter,
        '--format',
        '{{.Names}} {{.ID}}',
      ]);
      const lines = listed.split('\n').filter((line) => line !== '');
      return new Map(lines.sort().map((line) => line.split(' ') as [string, string]));
    },
  };
}
