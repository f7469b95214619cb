// Finds the pinned Node, and runs commands with it. Plain Node 18 code: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
export const pinnedNode = join(root, 'node_modules', `node-linux-${arch}`, 'bin', 'node');

/** The pinned Node once it is installed, else the current one. */
export function node() {
  return existsSync(pinnedNode) ? pinnedNode : process.execPath;
}

/** Runs a command in the repository with our output as its own. Returns its exit code. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) {
    console.error(`${command}: ${result.error.message}`);
    return 127;
  }
  return result.status ?? 1;
}
