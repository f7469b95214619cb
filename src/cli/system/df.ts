import { humanSize } from '../../base/sizes.ts';
import { type ContainerSummary, type DiskUsage, diskUsage, type ImageSummary } from '../../client/index.ts';
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
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const cache = usage.BuildCache ?? [];
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + Math.max(0, size), 0);
  const usedImages = sum(
    images
      .filter(isActive)
      .map((image) => (image.Size === -1 || image.SharedSize === -1 ? 0 : image.Size - image.SharedSize)),
  );
  const isRunning = ({ State: state }: ContainerSummary): boolean =>
    ['running', 'paused', 'restarting'].includes(state);
  const containerSize = sum(containers.map(({ SizeRw: size = 0 }) => size));
  const usedContainers = sum(containers.filter(isRunning).map(({ SizeRw: size = 0 }) => size));
  const volumeSize = sum(volumes.map((volume) => volume.UsageData?.Size ?? 0));
  const idleVolumes = volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) === 0);
  const ownCache = cache.filter(({ Shared: shared }) => !shared);
  return [
    {
      type: 'Images',
      total: images.length,
      active: images.filter(isActive).length,
      size: usage.LayersSize,
      reclaimable: usage.LayersSize - usedImages,
      percent: true,
    },
    {
      type: 'Containers',
      total: containers.length,
      active: containers.filter(isRunning).length,
      size: containerSize,
      reclaimable: containerSize - usedContainers,
      percent: true,
    },
    {
      type: 'Local Volumes',
      total: volumes.length,
      active: volumes.length - idleVolumes.length,
      size: volumeSize,
      reclaimable: sum(idleVolumes.map((volume) => volume.UsageData?.Size ?? 0)),
      percent: true,
    },
    {
      type: 'Build Cache',
      total: cache.length,
      active: cache.filter(({ InUse: used }) => used).length,
      size: sum(ownCache.map(({ Size: size }) => size)),
      reclaimable: sum(ownCache.filter(({ InUse: used }) => !used).map(({ Size: size }) => size)),
      percent: false,
    },
    ...(usage.Registries ?? []).map((registry) => ({
      type: registry.Type === 'cache' ? 'Registry Cache' : 'Registry',
      total: registry.Repositories,
      active: registry.Repositories,
      size: registry.UniqueSize,
      // No prune removes it.
      reclaimable: 0,
      percent: false,
    })),
  ];
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
