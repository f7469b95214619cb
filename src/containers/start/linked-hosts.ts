import { readFileSync, writeFileSync } from 'node:fs';
import { errnoOf } from '../../base/errors.ts';
import { updateHost, withoutHost } from '../../network/index.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { ContainerTable } from '../tables/container-table.ts';

/**
 * Writes the current address of `target` into /etc/hosts of the running containers that link to it. Other lines of
 * those files stay.
 */
export function updateLinkedHosts(
  { table, dataRoot }: { readonly table: ContainerTable; readonly dataRoot: string },
  target: ContainerRecord,
  address: string,
): void {
  if (address === '') return;
  for (const { record } of table.entries()) {
    if (!record.state.running) continue;
    const aliases = (record.links ?? []).filter((link) => link.target === target.id).map(({ alias }) => alias);
    if (aliases.length === 0) continue;
    rewrite(dataRoot, record, (text) => aliases.reduce((result, alias) => updateHost(result, alias, address), text));
  }
}

/** Removes a link's alias from the container's /etc/hosts. */
export function forgetLinkedHost(dataRoot: string, record: ContainerRecord, alias: string): void {
  if (record.state.running) rewrite(dataRoot, record, (text) => withoutHost(text, alias));
}

/** Rewrites the file in place, since it is mounted into the container. */
function rewrite(dataRoot: string, { id }: ContainerRecord, change: (text: string) => string): void {
  const { hosts } = containerPaths(dataRoot, id);
  try {
    const before = readFileSync(hosts, 'utf8');
    const after = change(before);
    if (after !== before) writeFileSync(hosts, after);
  } catch (error) {
    // The container's folder is being removed.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
