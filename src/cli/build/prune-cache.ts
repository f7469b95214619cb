import { messageOf } from '../../base/errors.ts';
import { parseBytes } from '../../base/sizes.ts';
import type { CacheRecord, PruneLimits } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { parseDuration } from '../format/units.ts';
import { confirmPrune, reclaimed } from '../prune.ts';
import { BUILDX_FLAGS, TIMEOUT_FLAG } from './builder-flags.ts';
import { printCacheRecords, recordDetails } from './cache-records.ts';
import { cut } from './key-values.ts';
import { withBuilder } from './with-builder.ts';

const ALL = flag('-a, --all', 'bool', 'Remove all cache that no build uses, internal records too');
const FILTER = flag('--filter', 'filter', 'Remove only records that fit (`until=24h`, `type=regular`)');
const FORCE = flag('-f, --force', 'bool', "Don't prompt for confirmation");

/** docker's older form. */
export const pruneBuilder: Command = {
  usage: '',
  args: NO_ARGS,
  examples: ['builder prune', 'builder prune -a --keep-storage 10GB'],
  flags: [ALL, FILTER, FORCE, flag('--keep-storage', 'bytes', 'Keep this much of the cache')],
  run: (cli, _args, flags) => prune(cli, flags, { keepBytes: bytesOf(flags, 'keep-storage'), flags: undefined }),
};

export const pruneBuildx: Command = {
  usage: '',
  args: NO_ARGS,
  examples: ['buildx prune -f', 'buildx prune --max-used-space 20GB'],
  flags: [
    ALL,
    ...BUILDX_FLAGS,
    FILTER,
    FORCE,
    flag('--max-used-space', 'bytes', 'Limit the cache to this size'),
    flag('--min-free-space', 'bytes', 'Remove until this much of the disk is free'),
    flag('--reserved-space', 'bytes', 'Keep this much of the cache'),
    TIMEOUT_FLAG,
    flag('--verbose', 'bool', 'Show all fields of removed records'),
  ],
  run: (cli, _args, flags) => prune(cli, flags, { keepBytes: bytesOf(flags, 'max-used-space'), flags }),
};

async function prune(
  cli: Cli,
  given: Flags,
  { keepBytes, flags }: { readonly keepBytes: number; readonly flags: Flags | undefined },
): Promise<number> {
  const all = given.bool('all');
  const warning = all
    ? 'WARNING! This will remove all build cache.'
    : 'WARNING! This will remove all dangling build cache.';
  await confirmPrune(cli, given, warning);
  const limits = {
    ...{ all, ...filtersOf(given.list('filter')), maxUsedBytes: keepBytes },
    reservedBytes: flags === undefined ? 0 : bytesOf(flags, 'reserved-space'),
    minFreeBytes: flags === undefined ? 0 : bytesOf(flags, 'min-free-space'),
  };
  return await withBuilder(cli, flags, async (builder, signal) => {
    const removed: CacheRecord[] = [];
    for await (const record of builder.prune(limits, signal)) removed.push(record);
    if (flags?.bool('verbose') === true) for (const record of removed) cli.out.write(recordDetails(record));
    else if (removed.length > 0) printCacheRecords(cli, removed, '');
    cli.out.write(reclaimed(removed.reduce((sum, { Size }) => sum + Size, 0)));
    return 0;
  });
}

/** `until` is a time of its own in the protocol. @throws CliError */
function filtersOf(given: readonly string[]): Pick<PruneLimits, 'filters' | 'keepSeconds'> {
  let keepSeconds = 0;
  const filters: string[] = [];
  for (const each of given) {
    const [key, value = ''] = cut(each, '=');
    if (key !== 'until' && key !== 'unused-for') {
      filters.push(
        ['inuse', 'shared', 'private', 'mutable', 'immutable'].includes(key)
          ? key
          : `${key}==${value.replace(/^=/, '')}`,
      );
      continue;
    }
    try {
      keepSeconds = parseDuration(value) / 1e9;
    } catch (error) {
      throw new CliError(1, `ERROR: ${messageOf(error)}`, { cause: error });
    }
  }
  return { filters, keepSeconds };
}

function bytesOf(flags: Flags, name: string): number {
  return parseBytes(flags.string(name)) ?? 0;
}
