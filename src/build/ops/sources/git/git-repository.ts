import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, failed } from '../../../../base/errors.ts';
import { KeyedLock } from '../../../../base/keyed-lock.ts';
import { namesInSync } from '../../../../io/index.ts';
import type { StepContext } from '../../../solver/index.ts';
import type { SourceDeps } from '../source.ts';
import type { GitAccess } from './git-access.ts';
import { type GitWish, isCommitHash } from './git-wish.ts';
import { runGit } from './run-git.ts';

/** What is kept of repositories. */
const KEPT_MAX = 20;
/** No use takes longer. */
const USE_MILLISECONDS = 3600_000;
/** One call of git at a time in a repository. */
export const repositoryLocks = new KeyedLock();
/** Of a bare repository: git itself does nothing with the text. */
const ADDRESS = 'description';

/** A call of git in a folder. */
export type Git = (args: readonly string[], environment?: Readonly<Record<string, string>>) => Promise<string>;

export function gitIn(...where: Parameters<typeof gitBytesIn>): Git {
  const git = gitBytesIn(...where);
  return async (...call) => (await git(...call)).toString();
}

/** As {@link gitIn}, for output that need not be text. */
export function gitBytesIn(
  folder: string,
  access: Pick<GitAccess, 'settings' | 'environment'>,
  context: Pick<StepContext, 'log' | 'signal'>,
): (...call: Parameters<Git>) => Promise<Buffer> {
  return (args, environment = {}) =>
    runGit(
      {
        ...{ args, folder, settings: access.settings },
        environment: { ...access.environment, ...environment },
        said: (bytes) => context.log(2, bytes),
      },
      context.signal,
    );
}

/** What a name of a repository stands for. */
export interface ResolvedRef {
  /** The whole name, such as `refs/heads/main`; a commit's hash for itself. */
  readonly name: string;
  readonly commit: string;
  /** Of a tag with a message, which is an object of its own. */
  readonly tag: string | undefined;
}

/** Returns what a ref stands for. @throws EngineError notFound, failed */
export async function resolveRef(git: Git, { url, ref }: GitWish): Promise<ResolvedRef> {
  if (isCommitHash(ref)) return { name: ref, commit: ref, tag: undefined };
  const name = ref === '' ? 'HEAD' : ref;
  const lines = (await git(['ls-remote', '--symref', '--', url, name, `${name}^{}`])).split('\n');
  const rows = lines.map((line) => line.split('\t')).map(([hash = '', full = '']) => [full, hash] as const);
  const found = new Map(rows.filter(([, hash]) => isCommitHash(hash)));
  for (const full of [name, `refs/tags/${name}`, `refs/heads/${name}`, `refs/${name}`]) {
    const object = found.get(full);
    const commit = found.get(`${full}^{}`) ?? object;
    if (commit === undefined) continue;
    const branch = rows.find(([from, to]) => from === full && to.startsWith('ref: '))?.[1].slice('ref: '.length);
    return { name: branch ?? full, commit, tag: object === commit ? undefined : object };
  }
  throw new EngineError(
    'notFound',
    `repository does not contain ref ${name}, output: ${JSON.stringify(lines.join(' ').trim())}`,
  );
}

/** Where repositories are kept. */
export function repositoriesIn(buildFolder: string): string {
  return join(buildFolder, 'git');
}

/** The address that a kept repository was fetched from. */
export function addressOf(repository: string): string {
  const path = join(repository, ADDRESS);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : 'an unknown address';
}

function withoutLogin(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1');
}

/** A repository with a commit and its files. Nobody else uses it until it is disposed. */
export interface FetchedRepository extends Disposable {
  readonly folder: string;
}

/**
 * Fetches a commit into the repository that is kept of an address. Clients with other credentials have others.
 * @throws EngineError
 */
export async function fetchCommit(
  deps: SourceDeps,
  { wish, commit, access }: { readonly wish: GitWish; readonly commit: string; readonly access: GitAccess },
  context: StepContext,
): Promise<FetchedRepository> {
  const base = repositoriesIn(deps.ports.folder);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const name = createHash('sha256')
    .update(JSON.stringify([wish.url, access.authorization]))
    .digest('hex')
    .slice(0, 32);
  const lock = await repositoryLocks.acquire(join(base, name), context.signal);
  try {
    const folder = join(base, name);
    mkdirSync(folder, { recursive: true });
    utimesSync(folder, new Date(), new Date());
    await forgetOldest(deps, base);
    const git = gitIn(folder, access, context);
    if (!existsSync(join(folder, 'HEAD'))) {
      await git(['init', '--quiet', '--bare']);
      writeFileSync(join(folder, ADDRESS), withoutLogin(wish.url));
    }
    if (!(await hasCommit(git, commit))) await fetch(git, wish, commit);
    return { folder, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** The commit alone where the server allows that, else all that has a name. */
async function fetch(git: Git, { url, ref, fetchesCommit }: GitWish, commit: string): Promise<void> {
  const wanted = isCommitHash(ref) || ref === '' || fetchesCommit ? commit : ref;
  const shallow = ['fetch', '--quiet', '--no-tags', '--depth=1', '--', url];
  const failure = await git([...shallow, wanted]).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof EngineError && failure.kind === 'cancelled') throw failure;
  if (failure === undefined && (await hasCommit(git, commit))) return;
  const all = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  try {
    await git(['fetch', '--quiet', '--update-shallow', '--', url, ...all]);
  } catch (error) {
    throw failure ?? error;
  }
  if (!(await hasCommit(git, commit))) throw failed(`repository has no commit ${commit}`);
}

async function hasCommit(git: Git, commit: string): Promise<boolean> {
  return await git(['rev-parse', '--quiet', '--verify', `${commit}^{commit}`]).then(
    () => true,
    (error: unknown) => {
      if (error instanceof EngineError && error.kind === 'cancelled') throw error;
      return false;
    },
  );
}

/** Removes what was not used for longest, beyond the limit: repositories, and what a crash has left. */
async function forgetOldest(deps: SourceDeps, base: string): Promise<void> {
  const names = namesInSync(base);
  if (names.length <= KEPT_MAX) return;
  const byAge = names
    .map((name) => ({ path: join(base, name), used: statSync(join(base, name)).mtimeMs }))
    .toSorted((a, b) => a.used - b.used);
  for (const { path, used } of byAge.slice(0, names.length - KEPT_MAX)) {
    // It may be in use: it was touched when its use began.
    if (Date.now() - used > USE_MILLISECONDS) await deps.ports.snapshots.trees.remove(path);
  }
}
