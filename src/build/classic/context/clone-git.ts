import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EngineError, invalid, messageOf } from '../../../base/errors.ts';

const run = promisify(execFile);

/** Nothing of the host's configuration counts, and nobody is asked for a password. */
const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_PROTOCOL_FROM_USER: '0',
  GIT_TERMINAL_PROMPT: '0',
};

/** Whether a remote context is a git repository, by dockerd's rules. */
export function isGitUrl(url: string): boolean {
  return /^(?:git:\/\/|ssh:\/\/|git@|github\.com\/)/.test(url) || /^https?:\/\/.*\.git(?:#.*)?$/.test(url);
}

/**
 * Clones a repository into an empty folder. Behind `#` the URL may have a branch, tag or commit, and behind `:` a folder.
 * Returns the path of the folder to build from. @throws EngineError failed with git's message; invalid
 */
export async function cloneGit(remote: string, files: string, signal: AbortSignal): Promise<string> {
  const { url, ref, folder } = parseRemote(remote);
  const git = async (what: string, ...args: readonly string[]): Promise<void> => {
    try {
      await run('git', args, { cwd: files, signal, env: { ...process.env, ...ENVIRONMENT } });
    } catch (error) {
      if (signal.aborted) throw new EngineError('cancelled', 'the build was cancelled', { cause: error });
      throw new EngineError('failed', `error ${what}: ${gitMessage(error)}`, { cause: error });
    }
  };
  await git('initializing repository', 'init', '--quiet');
  await git('fetching', 'fetch', '--quiet', '--depth', '1', '--recurse-submodules=yes', '--', url, ref);
  await git('checking out', 'checkout', '--quiet', '--force', 'FETCH_HEAD');
  await git('fetching submodules', 'submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1');
  return await folderWithin(files, folder);
}

interface GitRemote {
  readonly url: string;
  readonly ref: string;
  readonly folder: string;
}

function parseRemote(remote: string): GitRemote {
  const at = remote.indexOf('#');
  const [plain, fragment] = at < 0 ? [remote, ''] : [remote.slice(0, at), remote.slice(at + 1)];
  const colon = fragment.indexOf(':');
  const ref = (colon < 0 ? fragment : fragment.slice(0, colon)) || 'HEAD';
  if (ref.startsWith('-')) throw invalid(`invalid refspec: ${ref}`);
  const url = plain.startsWith('github.com/') ? `https://${plain}` : plain;
  return { url, ref, folder: colon < 0 ? '' : fragment.slice(colon + 1) };
}

function gitMessage(error: unknown): string {
  const { stderr = '', code } = error as { readonly stderr?: string; readonly code?: number | string };
  return typeof code === 'number' ? `${stderr.trimEnd()}: exit status ${code}` : messageOf(error);
}

/** @throws EngineError failed when the folder is not in the repository */
async function folderWithin(root: string, folder: string): Promise<string> {
  if (folder === '') return root;
  const [top, path] = await Promise.all([realpath(root), realpath(join(root, folder)).catch(() => undefined)]);
  if (path === top || path?.startsWith(`${top}/`) === true) return path;
  throw new EngineError('failed', `error setting git ref: the repository has no folder ${JSON.stringify(folder)}`);
}
