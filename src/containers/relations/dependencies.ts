import type { ContainerRecord } from '../model/record.ts';
import type { ContainerTable } from '../tables/container-table.ts';
import type { Entry } from '../tables/entry.ts';
import { joinedContainer } from './join-namespaces.ts';

/**
 * The containers that must run, or should be started, before this one: those whose namespaces it joins, those it links
 * to, and those whose volumes it uses. References to removed containers are omitted.
 */
export function dependenciesOf(table: Pick<ContainerTable, 'find'>, record: ContainerRecord): readonly Entry[] {
  const { NetworkMode, IpcMode, PidMode, Links, VolumesFrom } = record.hostConfig;
  const references = [
    ...[NetworkMode, IpcMode, PidMode].map(joinedContainer),
    ...[...(Links ?? []), ...(VolumesFrom ?? [])].map((each) => each.split(':', 1)[0]),
  ];
  const entries = references.map((ref) => (ref === undefined ? undefined : table.find(ref)));
  return [...new Set(entries)].filter((entry) => entry !== undefined && entry.id !== record.id) as readonly Entry[];
}

/** Orders the entries so that each follows those it needs. When entries need each other, any of them may come first. */
export function inDependencyOrder(table: Pick<ContainerTable, 'find'>, entries: readonly Entry[]): readonly Entry[] {
  const wanted = new Set(entries);
  const ordered = new Set<Entry>();
  const visited = new Set<Entry>();
  const visit = (entry: Entry): void => {
    if (visited.has(entry)) return;
    visited.add(entry);
    for (const needed of dependenciesOf(table, entry.record)) visit(needed);
    if (wanted.has(entry)) ordered.add(entry);
  };
  for (const entry of entries) visit(entry);
  return [...ordered];
}
