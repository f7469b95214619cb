import { posix } from 'node:path';
import { EngineError, invalid } from '../../../base/errors.ts';
import type { FileAction, FileActionCopy } from '../../../grpc/messages/pb.ts';
import { statInRoot } from '../../../linux/index.ts';
import type { CopyRequest, FileOwner, RootFiles } from '../../../store/index.ts';
import { selectionOf } from './selection.ts';

export interface ActionRequest {
  readonly action: FileAction;
  /** Roots on the host. */
  readonly source: string;
  readonly target: string;
  readonly owner: FileOwner | undefined;
}

const NANOS_PER_SECOND = 1_000_000_000n;

/** Does one action of a file op. @throws EngineError notFound, invalid, noSpace, cancelled */
export async function applyAction(files: RootFiles, request: ActionRequest, signal: AbortSignal): Promise<void> {
  const { copy, mkfile, mkdir, rm, symlink } = request.action;
  const { target: root, owner } = request;
  const common = { root, ...(owner === undefined ? {} : { owner }) };
  if (copy !== undefined) {
    checkRequiredPaths(copy, request.source);
    const wanted = copyRequest(copy, request);
    await (copy.attemptUnpackDockerCompatibility ? files.unpack(wanted, signal) : files.copy(wanted, signal));
  } else if (mkfile !== undefined) {
    const { path, data: bytes, mode, timestamp } = mkfile;
    await files.makeFile({ ...common, path, bytes, mode: modeOf(mode, 0o644), ...timeOf(timestamp) }, signal);
  } else if (mkdir !== undefined) {
    const { path, mode, makeParents: makesParents, timestamp } = mkdir;
    await files.makeDirectory(
      { ...common, path, mode: modeOf(mode, 0o755), makesParents, ...timeOf(timestamp) },
      signal,
    );
  } else if (rm !== undefined) {
    const { path, allowNotFound: mayBeMissing, allowWildcard: hasWildcards } = rm;
    await files.remove({ root, path, hasWildcards, mayBeMissing }, signal);
  } else if (symlink !== undefined) {
    const { oldpath: target, newpath: path, timestamp } = symlink;
    await files.makeSymlink({ ...common, path, target, ...timeOf(timestamp) }, signal);
  } else throw invalid('a file op has an unknown action');
}

function copyRequest(copy: FileActionCopy, { source, target, owner }: ActionRequest): CopyRequest {
  const mode = copy.modeStr || (copy.mode >= 0 ? (copy.mode & 0o7777).toString(8) : undefined);
  return {
    ...{ source, from: selectionOf(copy), target, to: copy.dest || '/' },
    copiesContent: copy.dirCopyContents,
    makesParents: copy.createDestPath,
    replacesKinds: copy.alwaysReplaceExistingDestPaths,
    mayBeEmpty: copy.allowEmptyWildcard,
    ...(owner === undefined ? {} : { owner }),
    ...(mode === undefined ? {} : { mode }),
    ...timeOf(copy.timestamp),
  };
}

/** @throws EngineError notFound */
function checkRequiredPaths({ src, required_paths: paths }: FileActionCopy, source: string): void {
  for (const path of paths) {
    if (statInRoot(source, posix.join('/', src, path)) !== undefined) continue;
    throw new EngineError('notFound', `"${posix.join('/', path)}": not found`);
  }
}

/** -1 stands for the default. */
function modeOf(mode: number, usual: number): number {
  return mode < 0 ? usual : mode & 0o7777;
}

/** -1 stands for the time of the action. */
function timeOf(timestamp: bigint): { readonly timeSeconds?: number } {
  return timestamp < 0n ? {} : { timeSeconds: Number(timestamp / NANOS_PER_SECOND) };
}
