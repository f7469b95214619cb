import type { Cli } from './cli.ts';
import { encodeFilters } from './filters.ts';
import { type Flag, flag } from './flags/flag.ts';
import { humanSize } from './format/units.ts';
import { confirm } from './prompt.ts';

export interface Pruned {
  readonly SpaceReclaimed?: number;
  readonly ContainersDeleted?: readonly string[] | null;
  readonly NetworksDeleted?: readonly string[] | null;
  readonly VolumesDeleted?: readonly string[] | null;
  readonly ImagesDeleted?: readonly { readonly Untagged?: string; readonly Deleted?: string }[] | null;
  readonly CachesDeleted?: readonly string[] | null;
}

export const PRUNE_FLAGS: readonly Flag[] = [
  flag('--filter', 'filter', 'Filter what to remove by conditions (until=, label=, label!=)'),
  flag('-f, --force', 'bool', "Don't prompt for confirmation"),
];

export interface PruneRequest {
  /** `/containers/prune` */
  readonly path: string;
  readonly filters: readonly string[];
  readonly force: boolean;
  readonly warning: string;
}

/** Asks, then removes what nothing uses. @throws CliError when the user says no */
export async function prune(cli: Cli, request: PruneRequest): Promise<Pruned> {
  if (!request.force) await confirm(cli, request.warning);
  return requestPrune(cli, request.path, request.filters);
}

export async function requestPrune(cli: Cli, path: string, filters: readonly string[]): Promise<Pruned> {
  return cli.client.json<Pruned>({ method: 'POST', path, query: { filters: encodeFilters(filters) } });
}

/** `Deleted Containers:` and the names, when there are some. */
export function deletedList(title: string, names: readonly string[] | null | undefined): string {
  return names === null || names === undefined || names.length === 0
    ? ''
    : `${title}:\n${names.map((name) => `${name}\n`).join('')}\n`;
}

export function imageNames(pruned: Pruned): string[] {
  return (pruned.ImagesDeleted ?? []).map((each) =>
    each.Untagged === undefined || each.Untagged === ''
      ? `deleted: ${each.Deleted ?? ''}`
      : `untagged: ${each.Untagged}`,
  );
}

export function reclaimed(bytes: number): string {
  return `Total reclaimed space: ${humanSize(bytes)}\n`;
}
