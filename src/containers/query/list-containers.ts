import { isLaterStamp } from '../../base/time.ts';
import type { Filters } from '../../spec/index.ts';
import type { ContainerSummary } from '../model/inspection.ts';
import type { ContainerRecord } from '../model/record.ts';
import { statusOf } from '../model/state.ts';
import { linkNames } from '../relations/links.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { mountPoints, sizesOf } from './inspect-container.ts';
import { portsOf } from './list-ports.ts';
import { endpointsOf } from './network-settings.ts';

export interface ListOptions {
  readonly all: boolean;
  /** Number of newest containers to list, whatever their state. 0 or less sets no limit. */
  readonly limit: number;
  readonly size: boolean;
  readonly filters: Filters;
}

/**
 * Lists containers, newest first. Summaries are kept until their container changes, so that a list of many costs little
 * more than its JSON.
 */
export async function listContainers(
  world: Pick<World, 'table' | 'clock' | 'listRules' | 'snapshots'>,
  options: ListOptions,
): Promise<readonly ContainerSummary[]> {
  const matcher = await world.listRules.matcher(options.filters, world.table);
  const now = world.clock.now();
  const all = options.all || options.limit > 0 || matcher.showsAll;
  let entries = [...world.table.entries()].filter(
    ({ record }) => record.phase !== 'creating' && (all || record.state.running) && matcher.matches(record),
  );
  entries.sort((a, b) => (isLaterStamp(b.record.createdAt, a.record.createdAt) ? 1 : -1));
  if (options.limit > 0) entries = entries.slice(0, options.limit);
  const imageOf = world.listRules.imageNamer();
  const links = linkNames(world.table);
  const summaries = entries.map((entry) => ({
    ...summaryOf(entry),
    Names: [`/${entry.record.name}`, ...(links.get(entry.id) ?? [])].sort(),
    Image: imageOf(entry.record),
    Status: world.listRules.statusText(entry.record, now),
  }));
  if (!options.size) return summaries;
  return Promise.all(summaries.map(async (summary, i) => ({ ...summary, ...(await sizeOf(world, entries[i])) })));
}

async function sizeOf(world: Pick<World, 'snapshots'>, entry: Entry | undefined): Promise<object> {
  return entry === undefined ? {} : sizesOf(world, entry.record);
}

function summaryOf(entry: Entry): Omit<ContainerSummary, 'Status'> {
  return entry.summary(summarize);
}

function summarize(record: ContainerRecord): Omit<ContainerSummary, 'Status'> {
  const { hostConfig } = record;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.config.Image ?? '',
    ImageID: record.imageId,
    Command: commandText(record),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portsOf(record),
    Labels: record.config.Labels ?? {},
    State: statusOf(record),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? '',
      ...(hostConfig.Annotations === undefined ? {} : { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: endpointsOf(record) },
    Mounts: mountPoints(record),
    ...(record.imageManifest === undefined ? {} : { ImageManifestDescriptor: record.imageManifest }),
    Health: healthOf(record),
  };
}

/** `none` without a health check, and while the container does not run. */
function healthOf({ state, health }: ContainerRecord): ContainerSummary['Health'] {
  if (health === undefined || !state.running) return { Status: 'none', FailingStreak: 0 };
  return { Status: health.Status, FailingStreak: health.FailingStreak };
}

/** Quotes arguments with blanks, as dockerd does (`argsEscaped`). */
function commandText(record: ContainerRecord): string {
  return [record.path, ...record.args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}
