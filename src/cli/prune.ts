import { humanSize } from '../base/sizes.ts';
import type { PrunedImages } from '../client/index.ts';
import type { Cli } from './cli.ts';
import { type Flag, flag } from './flags/flag.ts';
import type { Flags } from './flags/parse.ts';
import { confirm } from './prompt.ts';

export const PRUNE_FLAGS: readonly Flag[] = [
  flag('--filter', 'filter', 'Filter what to remove by conditions (until=, label=, label!=)'),
  flag('-f, --force', 'bool', "Don't prompt for confirmation"),
];

/** Asks for confirmation, unless `--force` is given. @throws CliError when the user declines */
export async function confirmPrune(cli: Cli, flags: Flags, warning: string): Promise<void> {
  if (!flags.bool('force')) await confirm(cli, warning);
}

/** `Deleted Containers:` and the names. Empty when there are none. */
export function deletedList(title: string, names: readonly string[] | null | undefined): string {
  return names === null || names === undefined || names.length === 0
    ? ''
    : `${title}:\n${names.map((name) => `${name}\n`).join('')}\n`;
}

export function imageNames(pruned: PrunedImages): string[] {
  return (pruned.ImagesDeleted ?? []).map((each) =>
    each.Untagged === undefined || each.Untagged === ''
      ? `deleted: ${each.Deleted ?? ''}`
      : `untagged: ${each.Untagged}`,
  );
}

export function reclaimed(bytes: number): string {
  return `Total reclaimed space: ${humanSize(bytes)}\n`;
}
