import { updateHost, withoutHost } from '../../network/index.ts';
import type { ContainerRecord } from '../model/record.ts';
import type { World } from '../world.ts';
import { type RewriteHostsDeps, rewriteHosts } from './rewrite-hosts.ts';

/**
 * Writes the current address of `target` into /etc/hosts of the running containers that link to it. Other lines of
 * those files stay. A file that cannot be changed is logged: it concerns its own container, and not the start of
 * `target`.
 */
export function updateLinkedHosts(
  deps: RewriteHostsDeps & { readonly table: Pick<World['table'], 'entries'> },
  target: ContainerRecord,
  address: string,
): void {
  if (address === '') return;
  for (const { record } of deps.table.entries()) {
    if (!record.state.running) continue;
    const aliases = (record.links ?? []).filter((link) => link.target === target.id).map(({ alias }) => alias);
    if (aliases.length === 0) continue;
    rewriteHosts(deps, record, (text) => aliases.reduce((result, alias) => updateHost(result, alias, address), text));
  }
}

/** Removes a link's alias from the container's /etc/hosts. A file that cannot be changed is logged. */
export function forgetLinkedHost(deps: RewriteHostsDeps, record: ContainerRecord, alias: string): void {
  if (record.state.running) rewriteHosts(deps, record, (text) => withoutHost(text, alias));
}
