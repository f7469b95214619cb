import { posix } from 'node:path';
import { type ContainerPath, readContainerArchive, statContainerPath } from '../../client/index.ts';
import { TarParser } from '../../io/index.ts';
import type { Cli } from '../cli.ts';
import type { CopyOptions } from './copy-options.ts';
import { type CopyEnd, keepEnding, planCopy, splitPath } from './copy-plan.ts';
import { checkTarget, localPath, localTarget } from './local-paths.ts';
import { counted } from './transfer-progress.ts';
import { LocalUntar } from './unpack-local.ts';

/** A file or directory of a container to here, or as an archive to standard output for `-`. @throws CliError, EngineError */
export async function copyFrom(cli: Cli, from: ContainerPath, target: string, options: CopyOptions): Promise<void> {
  const path = target === '-' ? target : localPath(target);
  if (target !== '-') checkTarget(path);
  const { source, rebaseName } = options.followLink ? await followed(cli, from) : { source: from };
  const { stat, archive } = await readContainerArchive(cli.client, source);
  if (path === '-') {
    for await (const chunk of archive) cli.out.write(chunk);
    return;
  }
  const end: CopyEnd = {
    path: source.path,
    exists: true,
    isDirectory: stat.isDirectory,
    ...(rebaseName === undefined ? {} : { rebaseName }),
  };
  const plan = planCopy(end, localTarget(path));
  const asKnown = rebaseName === undefined ? [] : [{ from: splitPath(source.path)[1], to: rebaseName }];
  const progress = counted(archive, cli, { ...options, to: 'here' });
  using untar = new LocalUntar({ ...plan, renames: [...asKnown, ...plan.renames] });
  const parser = new TarParser(untar);
  for await (const chunk of progress.bytes) parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  parser.finish();
  untar.finish();
  if (untar.capabilities.length > 0) {
    const { giveCapabilities } = await import('./capabilities.ts');
    giveCapabilities(untar.capabilities);
  }
  progress.done(target);
}

/** Where a symlink leads, and the name it goes by when that is another. */
async function followed(
  cli: Cli,
  from: ContainerPath,
): Promise<{ readonly source: ContainerPath; readonly rebaseName?: string }> {
  // What cannot be seen is told by the copy itself.
  const stat = await statContainerPath(cli.client, from).catch(() => undefined);
  if (stat?.isSymlink !== true) return { source: from };
  const { linkTarget } = stat;
  const absolute = linkTarget.startsWith('/') ? linkTarget : posix.join(splitPath(from.path)[0], linkTarget);
  const path = keepEnding(absolute, from.path);
  const name = posix.basename(from.path);
  return { source: { ...from, path }, ...(name === posix.basename(path) ? {} : { rebaseName: name }) };
}
