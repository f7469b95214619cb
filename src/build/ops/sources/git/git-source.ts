import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, invalid } from '../../../../base/errors.ts';
import type { Digest } from '../../../../base/ids.ts';
import type { Op, StepContext } from '../../../solver/index.ts';
import { EMPTY_TREE, type LayeredTree, type Tree } from '../../../tree.ts';
import { openTreeRoot } from '../../tree-root.ts';
import type { Source, SourceDeps } from '../source.ts';
import { type GitAccess, openGitAccess } from './git-access.ts';
import { fetchCommit, gitIn, resolveRef } from './git-repository.ts';
import { type GitWish, isCommitHash, readGitWish } from './git-wish.ts';

/**
 * Files of a repository, by the host's git. The key is that of the commit, for which only names are asked of the server;
 * files come when they are needed.
 */
export function gitSource(source: Source, deps: SourceDeps): Op<Tree> {
  const wish = readGitWish(source);
  let commit = isCommitHash(wish.ref) ? wish.ref : undefined;
  return {
    async cacheKey(context) {
      if (commit === undefined) {
        await using access = await openGitAccess(deps, wish, context);
        ({ commit } = await resolveRef(gitIn(deps.ports.folder, access, context), wish));
      }
      if (!commit.startsWith(wish.checksum)) {
        throw invalid(`expected checksum to match ${wish.checksum}, got ${commit}`);
      }
      return { digest: keyOf(wish, commit), isLazy: true };
    },
    async run(_inputs, context) {
      if (commit === undefined) throw new Error('a repository is used before its commit is known');
      await using access = await openGitAccess(deps, wish, context);
      return [await checkOut(deps, { wish, commit, access }, context)];
    },
  };
}

function keyOf(wish: GitWish, commit: string): Digest {
  const { url, ref, folder, keepsGitDirectory, skipsSubmodules, hasCommitTimes } = wish;
  // The directory .git names where it comes from.
  const origin = keepsGitDirectory ? [url, ref] : [];
  const text = JSON.stringify(['git', commit, folder, keepsGitDirectory, skipsSubmodules, hasCommitTimes, ...origin]);
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

interface CheckOut {
  readonly wish: GitWish;
  readonly commit: string;
  readonly access: GitAccess;
}

async function checkOut(deps: SourceDeps, what: CheckOut, context: StepContext): Promise<LayeredTree> {
  const { ports } = deps;
  const { wish, commit } = what;
  await using root = await openTreeRoot(ports, EMPTY_TREE, context.signal);
  if (wish.folder === '' && !wish.hasCommitTimes) {
    await checkOutInto(deps, what, { target: root.path, context });
  } else {
    const target = join(ports.folder, 'git', `checkout-${randomBytes(8).toString('hex')}`);
    mkdirSync(target, { recursive: true });
    try {
      const seconds = await checkOutInto(deps, what, { target, context });
      await ports.snapshots.rootFiles.copy(
        {
          ...{ source: target, target: root.path, to: '/', copiesContent: true },
          from: { path: `/${wish.folder}`, followsLink: true },
          ...(wish.hasCommitTimes ? { timeSeconds: seconds } : {}),
        },
        context.signal,
      );
    } finally {
      await ports.snapshots.trees.remove(target);
    }
  }
  return await root.seal({ description: `git ${wish.url}#${commit.slice(0, 12)}` }, context);
}

/** Writes the files of a commit. Returns the commit's time, in seconds since the epoch. */
async function checkOutInto(
  deps: SourceDeps,
  { wish, commit, access }: CheckOut,
  { target, context }: { readonly target: string; readonly context: StepContext },
): Promise<number> {
  using repository = await fetchCommit(deps, { wish, commit, access }, context);
  const kept = gitIn(repository.folder, access, context);
  const hasSubmodules = !wish.skipsSubmodules && (await kept(['ls-tree', commit, '.gitmodules'])) !== '';
  if (wish.keepsGitDirectory || hasSubmodules) {
    const git = gitIn(target, access, context);
    // From the repository beside it, which is ours.
    const local = { GIT_ALLOW_PROTOCOL: 'file' };
    await git(['init', '--quiet']);
    await git(['remote', 'add', 'origin', wish.url]);
    await git(['fetch', '--quiet', '--no-tags', '--depth=1', '--', `file://${repository.folder}`, commit], local);
    await git(['checkout', '--quiet', '--detach', commit], local);
    if (hasSubmodules) await git(['submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1']);
    if (wish.keepsGitDirectory) await unlink(join(target, '.git/FETCH_HEAD'));
    else await deps.ports.snapshots.trees.remove(join(target, '.git'));
  } else {
    const index = join(repository.folder, `index-${randomBytes(8).toString('hex')}`);
    const places = { GIT_DIR: repository.folder, GIT_WORK_TREE: target, GIT_INDEX_FILE: index };
    await gitIn(target, access, context)(['read-tree', '-u', '--reset', commit], places);
    await unlink(index);
  }
  if (!wish.hasCommitTimes) return 0;
  const time = Number((await kept(['log', '-1', '--format=%ct', commit])).trim());
  if (!Number.isSafeInteger(time)) throw failed(`commit ${commit} has no time`);
  return time;
}
