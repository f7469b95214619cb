import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { overwriteFile } from '../../io/index.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { World } from '../world.ts';

/** A container may write to its hosts file. A larger file is not changed. */
const HOSTS_BYTES_MAX = 256 * 1024;

export type RewriteHostsDeps = Pick<World, 'dataRoot' | 'logger'>;

/**
 * Changes /etc/hosts of a running container, in place, since the file is mounted into it. A file that cannot be changed
 * is logged.
 */
export function rewriteHosts(
  { dataRoot, logger }: RewriteHostsDeps,
  { id }: ContainerRecord,
  change: (text: string) => string,
): void {
  const { hosts } = containerPaths(dataRoot, id);
  try {
    const before = readSmall(hosts);
    const after = change(before);
    if (after !== before) overwriteFile(hosts, after);
  } catch (error) {
    // The container's folder is being removed.
    if (errnoOf(error) === 'ENOENT') return;
    logger.warn({ containerId: id, error: messageOf(error) }, 'cannot update the hosts file of a container');
  }
}

function readSmall(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > HOSTS_BYTES_MAX) throw new Error(`${size} bytes, at most ${HOSTS_BYTES_MAX} are read`);
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, size, 0));
  } finally {
    closeSync(descriptor);
  }
}
