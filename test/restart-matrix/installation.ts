import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from '../support/command.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const NEXT_VERSION = '999.0.0';

/** An engine installed in a folder of its own, and the next build, ready to replace it. */
export interface Installation extends Disposable {
  /** Starts the installed daemon. */
  readonly command: readonly [string, ...string[]];
  readonly nextVersion: string;
  /** Replaces the installed build by the next one, and deletes the old files. */
  upgrade(): void;
}

/** Installs the build in `dist/`, and makes another of another version beside it: a new build differs in names and content of its files. */
export async function install(): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-installed-'));
  const [current, next] = [join(folder, 'dist'), join(folder, 'next')];
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  cpSync(join(ROOT, 'dist'), current, { recursive: true });
  await build('--out', next, '--engine-version', NEXT_VERSION);
  return {
    command: [process.execPath, '--max-semi-space-size=2', join(current, 'gantryd.js')],
    nextVersion: NEXT_VERSION,
    upgrade() {
      rmSync(current, { recursive: true });
      renameSync(next, current);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function build(...options: readonly string[]): Promise<void> {
  const { code, stderr } = await command(process.execPath, [join(ROOT, 'tools/build.mjs'), ...options]);
  assert.equal(code, 0, stderr);
}
