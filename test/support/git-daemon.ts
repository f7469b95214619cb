import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { git } from './git-server.ts';

/** A repository that `git daemon` serves on a loopback port. */
export interface ServedRepository extends AsyncDisposable {
  /** `git://127.0.0.1:PORT/repo.git`. */
  readonly url: string;
  /** The work tree from which `push` fills the repository. */
  readonly tree: string;
  /** Commits all files of the tree to the branch `main`. Returns the commit. */
  commit(files: Readonly<Record<string, string>>): string;
  push(): void;
}

export async function serveRepository(): Promise<ServedRepository> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-git-'));
  const tree = join(folder, 'tree');
  git(folder, 'init', '-q', '--bare', '-b', 'main', 'repo.git');
  git(folder, 'init', '-q', '-b', 'main', 'tree');
  const port = await freePort();
  const flags = ['--export-all', '--reuseaddr', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${folder}`];
  // `git daemon` itself is a child of `git`: the group ends both.
  const child = spawn('git', ['daemon', ...flags], { stdio: 'ignore', detached: true });
  await answering(port);
  return {
    url: `git://127.0.0.1:${port}/repo.git`,
    tree,
    commit(files) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(tree, path)), { recursive: true });
        writeFileSync(join(tree, path), text);
      }
      git(tree, 'add', '-A');
      git(tree, 'commit', '-q', '-m', 'change');
      return git(tree, 'rev-parse', 'HEAD');
    },
    push() {
      git(tree, 'push', '-q', '--mirror', join(folder, 'repo.git'));
    },
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error('git daemon does not listen');
}
