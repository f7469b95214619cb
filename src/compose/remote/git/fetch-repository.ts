import { existsSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, failed, invalid, messageOf } from '../../../base/errors.ts';
import { type GitSource, parseGitSource } from '../../../spec/index.ts';
import { FILES } from '../../load/names/usual-files.ts';
import type { FetchedRemote } from '../../load/world.ts';
import type { Variables } from '../cache-folder.ts';
import { type Cache, cached } from '../cached.ts';
import { withoutLogin } from '../remote-address.ts';
import { checkRef, findCommit, isCommit } from './find-commit.ts';
import { type GitEnd, runGit } from './run-git.ts';

interface GitPlace {
  readonly cache: Cache;
  readonly env: Variables;
}

const QUESTION_MILLISECONDS = 60_000;
const FETCH_MILLISECONDS = 30 * 60_000;

/**
 * Fetches the commit that an address such as `https://host/x.git#ref:folder` names into the cache, and finds the Compose file there.
 * @throws EngineError
 */
export async function fetchRepository(
  { cache, env }: GitPlace,
  given: string,
  signal: AbortSignal,
): Promise<FetchedRemote> {
  const source = parseGitSource(given);
  const address = withoutLogin(given);
  if (source === undefined) throw invalid(`${address}: the address of a repository ends in .git`);
  checkFolder(source.folder);
  const git = async (folder: string, args: readonly string[], limitMilliseconds = QUESTION_MILLISECONDS) => {
    const end = await runGit({ args, folder, env, limitMilliseconds }, signal);
    return { ...end, said: withoutLogin(end.said) };
  };
  const commit = await commitOf(source, address, git);
  if (!commit.startsWith(source.checksum))
    throw invalid(`${address}: the commit is ${commit}, not ${JSON.stringify(source.checksum)}`);
  const root = await cached(cache, {
    name: commit,
    isComplete: (folder) => existsSync(join(folder, '.git', 'index')),
    fill: async (folder) => {
      const must = async (args: readonly string[]): Promise<void> => {
        const { code, said } = await git(folder, args, FETCH_MILLISECONDS);
        if (code !== 0) throw failed(`${address}: git ${args[0]} has failed with exit code ${code}:\n ${said}`);
      };
      await must(['init', '--quiet']);
      await must(['remote', 'add', '--', 'origin', source.url]);
      await must(['fetch', '--quiet', '--depth=1', 'origin', commit]);
      await must(['checkout', '--quiet', commit]);
    },
  });
  return { root, file: composeFile(root, source, address) };
}

type Git = (folder: string, args: readonly string[]) => Promise<GitEnd>;

async function commitOf({ url, ref }: GitSource, address: string, git: Git): Promise<string> {
  if (isCommit(ref)) return ref;
  const wanted = ref === '' ? 'HEAD' : ref;
  checkRef(wanted);
  const { code, output, said } = await git('/', ['ls-remote', '--exit-code', '--', url, wanted]);
  // 2: the repository answers, and has no such ref.
  if (code !== 0 && code !== 2)
    throw new EngineError('unavailable', `failed to access repository at ${withoutLogin(url)}:\n ${said}`);
  const commit = findCommit(output, wanted);
  if (commit === undefined) throw new EngineError('notFound', `repository does not contain ref ${address}`);
  return commit;
}

function checkFolder(folder: string): void {
  if (folder.split('/').includes('..')) throw invalid(`git subdirectory path traversal detected: ${folder}`);
}

/** The file itself, or a usual one in the folder. @throws EngineError for one that a link takes out of the repository */
function composeFile(root: string, { folder }: GitSource, address: string): string {
  const path = join(root, folder).replace(/\/$/, '');
  const candidates = isFolder(path, address) ? FILES.map((name) => join(path, name)) : [path];
  const file = candidates.find((each) => statSync(each, { throwIfNoEntry: false })?.isFile() === true);
  if (file === undefined)
    throw new EngineError('notFound', `${address}: there is no ${FILES.join(', ')} in this folder of the repository`);
  if (!realpathSync(file).startsWith(`${realpathSync(root)}/`))
    throw invalid(`${address}: a symbolic link leads out of the repository`);
  return file;
}

function isFolder(path: string, address: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new EngineError('notFound', `${address}: ${messageOf(error)}`, { cause: error });
  }
}
