import { posix } from 'node:path';
import { type ContainerPath, type Engine, readContainerArchive, statContainerPath } from '../client/index.ts';
import { TarParser } from '../io/index.ts';
import { type CopyDeps, counted } from './copy-deps.ts';
import { type CopyEnd, keepEnding, planCopy, splitPath } from './copy-plan.ts';
import { checkTarget, localPath, localTarget } from './local-paths.ts';
import { LocalUntar } from './unpack-local.ts';

export interface CopyFromOptions {
  /** Whether to copy the target of a symlink instead of the symlink. */
  readonly followLink: boolean;
}

/** Copies a file or directory out of a container, by docker cp's rules. @throws EngineError in docker's words */
export async function copyFrom(
  deps: CopyDeps,
  from: ContainerPath,
  target: string,
  { followLink }: CopyFromOptions,
): Promise<void> {
  const path = localPath(target);
  checkTarget(path);
  const { source, rebaseName } = followLink ? await followed(deps.engine, from) : { source: from };
  const { stat, archive } = await readContainerArchive(deps.engine, source);
  const end: CopyEnd = {
    path: source.path,
    exists: true,
    isDirectory: stat.isDirectory,
    ...(rebaseName === undefined ? {} : { rebaseName }),
  };
  const plan = planCopy(end, localTarget(path));
  const asKnown = rebaseName === undefined ? [] : [{ from: splitPath(source.path)[1], to: rebaseName }];
  using untar = new LocalUntar({ ...plan, renames: [...asKnown, ...plan.renames] });
  const parser = new TarParser(untar);
  for await (const chunk of counted(deps, archive))
    parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  parser.finish();
  untar.finish();
  if (untar.capabilities.length > 0) {
    const { giveCapabilities } = await import('./capabilities.ts');
    giveCapabilities(untar.capabilities);
  }
}

/** Returns a file or directory of a container as an archive. @throws EngineError */
export async function archiveOf(
  engine: Engine,
  from: ContainerPath,
  { followLink }: CopyFromOptions,
): Promise<AsyncIterable<Buffer>> {
  const { source } = followLink ? await followed(engine, from) : { source: from };
  return (await readContainerArchive(engine, source)).archive;
}

/** Follows a symlink. Returns its target, and the symlink's name where the target has another one. */
async function followed(
  engine: Engine,
  from: ContainerPath,
): Promise<{ readonly source: ContainerPath; readonly rebaseName?: string }> {
  // If the description fails, the copy itself reports the error.
  const stat = await statContainerPath(engine, from).catch(() => undefined);
  if (stat?.isSymlink !== true) return { source: from };
  const { linkTarget } = stat;
  const absolute = linkTarget.startsWith('/') ? linkTarget : posix.join(splitPath(from.path)[0], linkTarget);
  const path = keepEnding(absolute, from.path);
  const name = posix.basename(from.path);
  return { source: { ...from, path }, ...(name === posix.basename(path) ? {} : { rebaseName: name }) };
}
