import { EngineError, invalid } from '../../../base/errors.ts';
import type { StepContext } from '../../solver/index.ts';
import type { DescribeSource, GitFacts, HttpFacts, SourceFacts } from '../../source-facts.ts';
import { type GitAccess, openGitAccess } from './git/git-access.ts';
import { fetchCommit, gitBytesIn, gitIn, type ResolvedRef, resolveRef } from './git/git-repository.ts';
import { type GitWish, readGitWish } from './git/git-wish.ts';
import { findFile } from './http/http-source.ts';
import { nameOfResponse, readHttpWish } from './http/http-wish.ts';
import type { SourceDeps } from './source.ts';

/**
 * Says what a repository's name or an address stands for. A file whose checksum the source does not name is downloaded for it, unless
 * the server says that it is that of the last time. @throws EngineError notImplemented for other sources; as their steps
 */
export async function describeSource(
  deps: SourceDeps,
  { source, withObjects }: DescribeSource,
  context: StepContext,
): Promise<SourceFacts> {
  if (/^git:/.test(source.identifier))
    return await describeGit(deps, { wish: readGitWish(source), withObjects }, context);
  if (/^https?:/.test(source.identifier)) return await describeHttp(deps, source, context);
  throw new EngineError(
    'notImplemented',
    `source ${JSON.stringify(source.identifier.slice(0, 200))} cannot be resolved`,
  );
}

async function describeHttp(
  deps: SourceDeps,
  source: DescribeSource['source'],
  context: StepContext,
): Promise<HttpFacts> {
  const wish = readHttpWish(source);
  if (wish.checksum !== undefined) {
    const filename = wish.filename ?? nameOfResponse(wish.url, undefined);
    return { kind: 'http', digest: wish.checksum, filename, modified: undefined };
  }
  const found = await findFile({ deps, wish, context });
  const modified = 'seal' in found ? found.modified : Date.parse(found.lastModified ?? '');
  return {
    kind: 'http',
    digest: found.digest,
    filename: wish.filename ?? found.filename,
    modified: modified || undefined,
  };
}

async function describeGit(
  deps: SourceDeps,
  { wish, withObjects }: { readonly wish: GitWish; readonly withObjects: boolean },
  context: StepContext,
): Promise<GitFacts> {
  await using access = await openGitAccess(deps, wish, context);
  const found = await resolveRef(gitIn(deps.ports.folder, access, context), wish);
  if (![found.commit, found.tag].some((hash) => hash?.startsWith(wish.checksum))) {
    throw invalid(`expected checksum to match ${wish.checksum}, got ${found.tag ?? found.commit}`);
  }
  const { name: ref, commit, tag } = found;
  const objects = withObjects ? await readObjects(deps, { wish, access, found }, context) : NO_OBJECTS;
  return { kind: 'git', ref, commit, tag, ...objects };
}

const NO_OBJECTS = { commitObject: undefined, tagObject: undefined };

async function readObjects(
  deps: SourceDeps,
  { wish, access, found }: { readonly wish: GitWish; readonly access: GitAccess; readonly found: ResolvedRef },
  context: StepContext,
): Promise<Pick<GitFacts, 'commitObject' | 'tagObject'>> {
  const { commit, tag, name } = found;
  using repository = await fetchCommit(deps, { wish, commit, access }, context);
  const git = gitBytesIn(repository.folder, access, context);
  const commitObject = await git(['cat-file', 'commit', commit]);
  if (tag === undefined) return { commitObject, tagObject: undefined };
  // The commit may have come without it, by another name.
  const read = () => git(['cat-file', 'tag', tag]);
  const tagObject = await read().catch(async () => {
    await git(['fetch', '--quiet', '--no-tags', '--depth=1', '--', wish.url, name]);
    return await read();
  });
  return { commitObject, tagObject };
}
