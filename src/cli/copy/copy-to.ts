import { posix } from 'node:path';
import { type ContainerPath, statContainerPath, writeContainerArchive } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { CopyOptions } from './copy-options.ts';
import { type CopyEnd, keepEnding, planCopy } from './copy-plan.ts';
import { localPath, localSource } from './local-paths.ts';
import { packLocal } from './pack-local.ts';
import { counted } from './transfer-progress.ts';

/** A local file or directory, or the archive on standard input for `-`, into a container. @throws CliError, EngineError */
export async function copyTo(cli: Cli, source: string, to: ContainerPath, options: CopyOptions): Promise<void> {
  const target = await remoteTarget(cli, to);
  const put = async (path: string, archive: AsyncIterable<Uint8Array>): Promise<void> => {
    await writeContainerArchive(cli.client, { ...to, path }, { archive, ownedByUser: options.ownedByUser });
  };
  if (source === '-') {
    if (!target.isDirectory) throw new CliError(1, `destination "${to.container}:${to.path}" must be a directory`);
    await put(target.path, process.stdin);
    return;
  }
  const from = localSource(localPath(source), options.followLink);
  const plan = planCopy(from, target);
  const { capabilityOf } = await import('./capabilities.ts');
  const progress = counted(packLocal(from.path, from.rebaseName, plan, capabilityOf), cli, {
    ...options,
    to: 'container',
  });
  await put(plan.directory, progress.bytes);
  progress.done(`${to.container}:${to.path}`);
}

/** The target as far as it exists: a failure to see it is told by the copy itself. */
async function remoteTarget(cli: Cli, to: ContainerPath): Promise<CopyEnd> {
  const path = to.path;
  const missing: CopyEnd = { path, exists: false, isDirectory: false };
  try {
    let seen = path;
    let stat = await statContainerPath(cli.client, to);
    if (stat.isSymlink) {
      const { linkTarget } = stat;
      seen = linkTarget.startsWith('/') ? linkTarget : posix.join(posix.dirname(path), linkTarget);
      try {
        stat = await statContainerPath(cli.client, { ...to, path: seen });
      } catch {
        return { ...missing, path: seen };
      }
    }
    if (stat.isDevice) {
      const text = `destination "${to.container}:${path}" must be a directory or a regular file: got a device`;
      throw new CliError(1, text);
    }
    return { path: keepEnding(seen, path), exists: true, isDirectory: stat.isDirectory };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return missing;
  }
}
