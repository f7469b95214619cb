import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf, messageOf } from '../../base/errors.ts';
import { overwriteFile } from '../../io/index.ts';
import { updateHost, withoutHost } from '../../network/index.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { World } from '../world.ts';

/** A container may write to its hosts file. A larger file is not changed. */
const HOSTS_BYTES_MAX = 256 * 1024;

export type LinkedHostsDeps = Pick<World, 'dataRoot' | 'logger'>;

/**
 * Writes the current address of `target` into /etc/hosts of the running containers that link to it. Other lines of
 * those files stay. A file that cannot be changed is logged: it concerns its own container, and not the start of
 * `target`.
 */
export function updateLinkedHosts(
  deps: LinkedHostsDeps & { readonly table: Pick<World['table'], 'entries'> },
  target: ContainerRecord,
  address: string,
): void {
  if (address === '') return;
  for (const { record } of deps.table.entries()) {
    if (!record.state.running) continue;
    const aliases = (record.links ?? []).filter((link) => link.target === target.id).map(({ alias }) => alias);
    if (aliases.length === 0) continue;
    rewrite(deps, record, (text) => aliases.reduce((result, alias) => updateHost(result, alias, address), text));
  }
}

/** Removes a link's alias from the container's /etc/hosts. A file that cannot be changed is logged. */
export function forgetLinkedHost(deps: LinkedHostsDeps, record: ContainerRecord, alias: string): void {
  if (record.state.running) rewrite(deps, record, (text) => withoutHost(text, alias));
}

/** Rewrites the file in place, since it is mounted into the container. */
function rewrite(
  { dataRoot, logger }: LinkedHostsDeps,
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
    logger.warn({ containerId: id, error: messageOf(error) }, 'cannot update the hosts file of a linking container');
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
