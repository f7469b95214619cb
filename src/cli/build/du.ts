import { humanSize } from '../../base/sizes.ts';
import type { CacheRecord } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { BUILDX_FLAGS, TIMEOUT_FLAG } from './builder-flags.ts';
import { printCacheRecords, recordDetails } from './cache-records.ts';
import { withBuilder } from './with-builder.ts';

export const du: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['buildx du', 'buildx du --verbose --filter type=exec.cachemount'],
  flags: [
    ...BUILDX_FLAGS,
    flag('--filter', 'filter', 'Show only records that fit (`type=regular`, `inuse`, `id~=a`)'),
    flag('--format', 'string', 'Print each record with a template, or as `json`'),
    TIMEOUT_FLAG,
    flag('--verbose', 'bool', 'Show all fields of each record'),
  ],
  run: (cli, _args, flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      const records = await builder.cacheRecords(flags.list('filter'), signal);
      const ordered = [...records].sort((a, b) => a.Size - b.Size);
      if (flags.bool('verbose')) for (const record of ordered) cli.out.write(recordDetails(record));
      else printCacheRecords(cli, ordered, flags.string('format'));
      if (flags.string('format') !== '' || flags.list('filter').length > 0) return 0;
      cli.out.write(totals(records));
      return 0;
    }),
};

function totals(records: readonly CacheRecord[]): string {
  const sum = (fits: (record: CacheRecord) => boolean): string =>
    humanSize(records.filter(fits).reduce((total, { Size }) => total + Size, 0));
  const shared = records.some(({ Shared }) => Shared)
    ? `Shared:\t\t${sum(({ Shared }) => Shared)}\nPrivate:\t${sum(({ Shared }) => !Shared)}\n`
    : '';
  return `${shared}Reclaimable:\t${sum(({ InUse }) => !InUse)}\nTotal:\t\t${sum(() => true)}\n`;
}
