import { humanSize } from '../../base/sizes.ts';
import { type DiskUsage, diskUsage, type ImageSummary } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, renderList } from '../format/table.ts';
import { formattedReport, verboseReport } from './df-verbose.ts';

interface Row {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  /** Undefined shows no percentage. */
  readonly reclaimable: number;
  readonly percent: boolean;
}

export const df: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['system df', 'system df -v'],
  flags: [
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-v, --verbose', 'bool', 'Show detailed disk usage of each object'),
  ],
  async run(cli, _args, flags) {
    const format = flags.string('format');
    const usage = await diskUsage(cli.client);
    if (flags.bool('verbose')) {
      const isTable = format === '' || format === 'table';
      cli.out.write(isTable ? verboseReport(usage) : formattedReport(usage, format));
      return 0;
    }
    cli.out.write(renderList(SUMMARY, summarize(usage), { format }));
    return 0;
  },
};

/** Whether the image has a container. */
function isActive(image: ImageSummary): boolean {
  return image.Containers > 0;
}

function summarize(usage: DiskUsage): Row[] {
  return [imagesRow(usage), containersRow(usage), volumesRow(usage), cacheRow(usage), ...registryRows(usage)];
}

function imagesRow({ Images: images, LayersSize: size }: DiskUsage): Row {
  const all = images ?? [];
  const active = all.filter(isActive);
  const used = active.map((image) =>
    image.Size === -1 || image.SharedSize === -1 ? 0 : image.Size - image.SharedSize,
  );
  const reclaimable = size - sum(used);
  return { type: 'Images', total: all.length, active: active.length, size, reclaimable, percent: true };
}

function containersRow(usage: DiskUsage): Row {
  const containers = usage.Containers ?? [];
  const running = containers.filter(({ State: state }) => ['running', 'paused', 'restarting'].includes(state));
  const size = sum(containers.map(({ SizeRw: bytes = 0 }) => bytes));
  const reclaimable = size - sum(running.map(({ SizeRw: bytes = 0 }) => bytes));
  return { type: 'Containers', total: containers.length, active: running.length, size, reclaimable, percent: true };
}

function volumesRow(usage: DiskUsage): Row {
  const volumes = usage.Volumes ?? [];
  const idle = volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) === 0);
  return {
    type: 'Local Volumes',
    total: volumes.length,
    active: volumes.length - idle.length,
    size: sum(volumes.map((volume) => volume.UsageData?.Size ?? 0)),
    reclaimable: sum(idle.map((volume) => volume.UsageData?.Size ?? 0)),
    percent: true,
  };
}

function cacheRow(usage: DiskUsage): Row {
  const cache = usage.BuildCache ?? [];
  const own = cache.filter(({ Shared: shared }) => !shared);
  return {
    type: 'Build Cache',
    total: cache.length,
    active: cache.filter(({ InUse: used }) => used).length,
    size: sum(own.map(({ Size: size }) => size)),
    reclaimable: sum(own.filter(({ InUse: used }) => !used).map(({ Size: size }) => size)),
    percent: false,
  };
}

function registryRows({ Registries: registries = [] }: DiskUsage): Row[] {
  return registries.map((registry) => ({
    type: registry.Type === 'cache' ? 'Registry Cache' : 'Registry',
    total: registry.Repositories,
    active: registry.Repositories,
    size: registry.UniqueSize,
    // No prune removes it.
    reclaimable: 0,
    percent: false,
  }));
}

/** An unknown size is negative. */
function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + Math.max(0, size), 0);
}

const SUMMARY: ListFormat<Row> = {
  typeName: '*formatter.diskUsageContext',
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
  titles: { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  raw: [
    'type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n',
  ],
  fields: (row) => ({
    Active: String(row.active),
    Reclaimable:
      row.percent && row.size > 0
        ? `${humanSize(row.reclaimable)} (${Math.trunc((row.reclaimable * 100) / row.size)}%)`
        : humanSize(row.reclaimable),
    Size: humanSize(row.size),
    TotalCount: String(row.total),
    Type: row.type,
  }),
};
