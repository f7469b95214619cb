import { humanSize } from '../../base/sizes.ts';
import type { CacheRecord } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { humanDuration } from '../format/units.ts';

type Timestamp = CacheRecord['CreatedAt'];

const CACHE: ListFormat<CacheRecord> = {
  typeName: '*commands.duContext',
  table: '{{.ID}}\t{{.Reclaimable}}\t{{.Size}}\t{{.LastUsedAt}}',
  titles: { ID: 'ID', Reclaimable: 'RECLAIMABLE', Size: 'SIZE', LastUsedAt: 'LAST ACCESSED' },
  fields: (record) => ({
    CreatedAt: isoTime(record.CreatedAt),
    Description: record.Description,
    ID: `${record.ID}${record.Mutable ? '*' : ''}`,
    InUse: record.InUse,
    LastUsedAt: ago(record.LastUsedAt),
    Mutable: record.Mutable,
    Parents: record.Parents.join(','),
    Reclaimable: !record.InUse,
    Shared: record.Shared,
    Size: `${humanSize(record.Size)}${record.Shared ? '*' : ''}`,
    Type: record.RecordType,
    UsageCount: record.UsageCount,
  }),
};

export function printCacheRecords(cli: Cli, records: readonly CacheRecord[], format: string): void {
  printList(cli.out, CACHE, records, { format });
}

/** All fields of a record, one a line. */
export function recordDetails(record: CacheRecord): string {
  const lines = [
    `ID:\t\t${record.ID}`,
    ...(record.Parents.length === 0 ? [] : [`Parents:\t${record.Parents.join(', ')}`]),
    `Created at:\t${isoTime(record.CreatedAt)}`,
    `Mutable:\t${record.Mutable}`,
    `Reclaimable:\t${!record.InUse}`,
    `Shared:\t\t${record.Shared}`,
    `Size:\t\t${humanSize(record.Size)}`,
    ...(record.Description === '' ? [] : [`Description:\t${record.Description}`]),
    `Usage count:\t${record.UsageCount}`,
    ...(record.LastUsedAt === undefined ? [] : [`Last used:\t${ago(record.LastUsedAt)}`]),
    ...(record.RecordType === '' ? [] : [`Type:\t\t${record.RecordType}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}

export function millisOf(time: Timestamp): number {
  return time === undefined ? 0 : time.seconds * 1000 + time.nanos / 1e6;
}

export function isoTime(time: Timestamp): string {
  return time === undefined ? '' : new Date(millisOf(time)).toISOString();
}

/** '' for a time that is not known. */
export function ago(time: Timestamp): string {
  return time === undefined ? '' : `${humanDuration((Date.now() - millisOf(time)) / 1000)} ago`;
}
