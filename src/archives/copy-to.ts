import { posix } from 'node:path';
import { invalid } from '../base/errors.ts';
import { type ContainerPath, type PathStat, statContainerPath, writeContainerArchive } from '../client/index.ts';
import { type CopyDeps, counted } from './copy-deps.ts';
import { type CopyEnd, keepEnding, planCopy } from './copy-plan.ts';
import { localPath, localSource } from './local-paths.ts';
import { packLocal } from './pack-local.ts';

export interface CopyToOptions {
  /** Whether to change the owner of the copied files to the container's user. */
  readonly ownedByUser: boolean;
  /** Whether to copy the target of a symlink instead of the symlink. */
  readonly followLink: boolean;
}

/** Copies a local file or directory into a container, by docker cp's rules. @throws EngineError in docker's words */
export async function copyTo(
  deps: CopyDeps,
  source: string,
  to: ContainerPath,
  { ownedByUser, followLink }: CopyToOptions,
): Promise<void> {
  const target = await remoteTarget(deps, to);
  const from = localSource(localPath(source), followLink);
  const plan = planCopy(from, target);
  const { capabilityOf } = await import('./capabilities.ts');
  const archive = counted(deps, packLocal(from.path, from.rebaseName, plan, capabilityOf));
  await writeContainerArchive(deps.engine, { ...to, path: plan.directory }, { archive, ownedByUser });
}

/** Unpacks an archive into a directory of a container. @throws EngineError when the path is not a directory */
export async function unpackInto(
  deps: CopyDeps,
  source: AsyncIterable<Uint8Array>,
  to: ContainerPath,
  { ownedByUser }: Pick<CopyToOptions, 'ownedByUser'>,
): Promise<void> {
  const target = await remoteTarget(deps, to);
  if (!target.isDirectory) throw invalid(`destination "${to.container}:${to.path}" must be a directory`);
  const archive = counted(deps, source);
  await writeContainerArchive(deps.engine, { ...to, path: target.path }, { archive, ownedByUser });
}

/** Describes the target. If its description fails, the copy itself reports the error. */
async function remoteTarget({ engine }: CopyDeps, to: ContainerPath): Promise<CopyEnd> {
  const { path } = to;
  const seen = await statContainerPath(engine, to).catch(() => undefined);
  if (seen === undefined) return { path, exists: false, isDirectory: false };
  if (!seen.isSymlink) return existing(to, path, seen);
  const { linkTarget } = seen;
  const target = linkTarget.startsWith('/') ? linkTarget : posix.join(posix.dirname(path), linkTarget);
  const stat = await statContainerPath(engine, { ...to, path: target }).catch(() => undefined);
  return stat === undefined ? { path: target, exists: false, isDirectory: false } : existing(to, target, stat);
}

function existing(to: ContainerPath, path: string, { isDevice, isDirectory }: PathStat): CopyEnd {
  if (isDevice)
    throw invalid(`destination "${to.container}:${to.path}" must be a directory or a regular file: got a device`);
  return { path: keepEnding(path, to.path), exists: true, isDirectory };
}
