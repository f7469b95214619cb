import { messageOf } from '../../base/errors.ts';
import { humanSize } from '../../base/sizes.ts';
import { Fields, goJson, Template, TemplateSyntaxError } from '../../base/template/index.ts';
import type { BuildRecord, ContainerSummary, DiskUsage, RegistryUsage } from '../../client/index.ts';
import { containerList } from '../container/list-format.ts';
import { CliError } from '../errors.ts';
import { type ListFormat, renderList, unescapeFormat } from '../format/table.ts';
import { humanDuration } from '../format/units.ts';
import { imageList, imageRows } from '../image/list-format.ts';
import { VOLUMES } from '../volume/list-format.ts';

/** Every object with its disk usage, one table per kind. */
export function verboseReport(usage: DiskUsage): string {
  const images = imageList({ truncate: true, digests: false });
  const imageTable =
    '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}';
  const containerTable =
    '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}';
  const volumeTable = '{{.Name}}\t{{.Links}}\t{{.Size}}';
  const cache = usage.BuildCache ?? [];
  const cacheSize = cache.reduce((sum, record) => sum + (record.Shared ? 0 : record.Size), 0);
  // One line per image, whatever names it has.
  const rows = (usage.Images ?? []).flatMap((image) => imageRows([image], false, false).slice(0, 1));
  return [
    `Images space usage:\n\n${renderList(precise(images), rows, { format: '', table: imageTable })}`,
    `Containers space usage:\n\n${renderList(ownSize(containerList({ truncate: true, size: true })), usage.Containers ?? [], { format: '', table: containerTable })}`,
    `Local Volumes space usage:\n\n${renderList(VOLUMES, usage.Volumes ?? [], { format: '', table: volumeTable })}`,
    `Build cache usage: ${humanSize(cacheSize)}\n\n${renderList(CACHE, cache, { format: '' })}`,
    ...(usage.Registries === undefined
      ? []
      : [`Registry space usage:\n\n${renderList(REGISTRIES, usage.Registries, { format: '' })}`]),
  ].join('\n');
}

/** The same with a template, or as one JSON object. Ids are complete. @throws CliError */
export function formattedReport(usage: DiskUsage, format: string): string {
  const list = <T>(kind: ListFormat<T>, items: readonly T[]): Fields[] =>
    items.map((item) => new Fields(kind.typeName, kind.fields(item)));
  const report = {
    Images: list(
      precise(imageList({ truncate: false, digests: false })),
      (usage.Images ?? []).flatMap((image) =>
        imageRows([image], false, false)
          .slice(0, 1)
          .map((row) => ({ ...row, digest: '' })),
      ),
    ),
    Containers: list(ownSize(containerList({ truncate: false, size: true })), usage.Containers ?? []),
    Volumes: list(VOLUMES, usage.Volumes ?? []),
    BuildCache: list(CACHE, usage.BuildCache ?? []),
  };
  if (format === 'json') return goJson(report);
  try {
    return new Template(unescapeFormat(format.replace(/^table(?= )/, ''))).execute(report);
  } catch (error) {
    const why = error instanceof TemplateSyntaxError ? 'template parsing error: ' : '';
    throw new CliError(1, why + messageOf(error), { cause: error });
  }
}

/** The size of the container itself: the image has a line of its own. */
function ownSize(kind: ListFormat<ContainerSummary>): ListFormat<ContainerSummary> {
  return { ...kind, fields: (item) => ({ ...kind.fields(item), Size: humanSize(item.SizeRw ?? 0, 3) }) };
}

/** Shared and unique sizes with four digits, as in docker's report. */
function precise<T extends Parameters<ReturnType<typeof imageList>['fields']>[0]>(kind: ListFormat<T>): ListFormat<T> {
  return {
    ...kind,
    fields: (row) => ({
      ...kind.fields(row),
      SharedSize: row.image.SharedSize === -1 ? 'N/A' : humanSize(row.image.SharedSize),
      UniqueSize: row.image.SharedSize === -1 ? 'N/A' : humanSize(row.image.Size - row.image.SharedSize),
    }),
  };
}

const REGISTRIES: ListFormat<RegistryUsage> = {
  typeName: '*formatter.registryContext',
  table: '{{.Type}}\t{{.Repositories}}\t{{.Size}}\t{{.UniqueSize}}',
  titles: { Type: 'REGISTRY', Repositories: 'REPOSITORIES', Size: 'SIZE', UniqueSize: 'UNIQUE SIZE' },
  fields: (registry) => ({
    Repositories: String(registry.Repositories),
    Size: humanSize(registry.Size),
    Type: registry.Type,
    UniqueSize: humanSize(registry.UniqueSize),
  }),
};

const CACHE: ListFormat<BuildRecord> = {
  typeName: '*formatter.buildCacheContext',
  table: '{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}',
  titles: {
    ID: 'CACHE ID',
    CacheType: 'CACHE TYPE',
    Size: 'SIZE',
    CreatedSince: 'CREATED',
    LastUsedSince: 'LAST USED',
    UsageCount: 'USAGE',
    Shared: 'SHARED',
  },
  fields: (record) => ({
    CacheType: record.Type,
    CreatedAt: record.CreatedAt,
    CreatedSince: since(record.CreatedAt),
    Description: record.Description ?? '',
    ID: record.ID.slice(0, 12) + (record.InUse ? '*' : ''),
    InUse: String(record.InUse),
    LastUsedAt: record.LastUsedAt ?? '',
    LastUsedSince: record.LastUsedAt == null ? '' : since(record.LastUsedAt),
    Shared: String(record.Shared),
    Size: humanSize(record.Size, 3),
    UsageCount: String(record.UsageCount),
  }),
};

function since(text: string): string {
  return `${humanDuration((Date.now() - Date.parse(text)) / 1000)} ago`;
}
