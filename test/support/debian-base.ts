import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface DebianBase {
  /** A tar with a small Debian, made from its packages and kept for later tests. */
  readonly archive: string;
  /** The lines of `sources.list` by which the machine reaches Debian. */
  readonly sources: string;
}

/** Bootstraps Debian with the repository of this machine's apt. @throws Error where that is not to be had */
export async function debianBase(): Promise<DebianBase> {
  const found = await run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages']);
  const [repository, suite] =
    found
      .split('\n')
      .map((line) => line.split(' '))
      .find(([url, release]) => /\/debian\/?$/.test(url ?? '') && /^[a-z]+$/.test(release ?? '')) ?? [];
  if (repository === undefined || suite === undefined) throw new Error('apt has no repository of Debian');
  const archive = join(CACHE, `debian-${suite}.tar`);
  const sources = `deb [signed-by=${KEYRING}] ${repository} ${suite} main\n`;
  if (existsSync(archive)) return { archive, sources };
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'debian.'));
  try {
    const root = join(folder, 'root');
    const script = '/usr/share/debootstrap/scripts/sid';
    await run('debootstrap', ['--variant=minbase', `--keyring=${KEYRING}`, suite, root, repository, script]);
    const left = ['./var/cache/apt/archives/*.deb', './var/lib/apt/lists/*'].map((path) => `--exclude=${path}`);
    await run('tar', ['-C', root, ...left, '-cf', join(folder, 'tar'), '.']);
    renameSync(join(folder, 'tar'), archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { archive, sources };
}

async function run(file: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command(file, args, { timeoutMs: 1_200_000 });
  if (code !== 0) throw new Error(`${file}: ${stderr.slice(-2000)}${stdout.slice(-2000)}`);
  return stdout;
}
