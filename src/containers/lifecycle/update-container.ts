import { conflict, EngineError, messageOf } from '../../base/errors.ts';
import type { HostConfig, Resources, RestartPolicy } from '../../spec/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { hasProcess } from '../model/state.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { lockEntry } from './lock-entry.ts';
import { unlessEnded } from './unless-ended.ts';

type Change = Resources & { readonly RestartPolicy?: RestartPolicy };

/** The fields that `update` may change. Absent, zero and '' leave a value unchanged (moby, `UpdateContainer`). */
const UPDATABLE = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
] as const satisfies readonly (keyof Resources)[];

/**
 * Stores new limits and applies them to a running container. When that fails, nothing is changed.
 * @throws EngineError notFound; invalid for malformed limits; conflict for options that exclude each other; the errors
 * of the runtime
 */
export async function updateContainer(
  world: Pick<World, 'table' | 'locks' | 'runtime' | 'events' | 'planner' | 'logger'>,
  ref: string,
  change: Change,
  signal: AbortSignal,
): Promise<{ readonly warnings: readonly string[] }> {
  const entry = world.table.resolve(ref);
  const { resources, warnings } = world.planner.checkUpdate(change);
  using _lock = await lockEntry(world, entry, ref, signal);
  const before = entry.record;
  try {
    if (entry.isRemoving || before.state.dead) {
      throw conflict('container is marked for removal and cannot be "update"');
    }
    const hostConfig = mergeChange(before.hostConfig, resources);
    if (hasProcess(before)) await unlessEnded(world.runtime.update(entry.id, hostConfig));
    await store(world, entry, hostConfig);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `Cannot update container ${entry.id}: ${error.message}`, { cause: error });
  }
  emitContainerEvent(world.events, entry.record, 'update');
  return { warnings };
}

/** Stores limits that apply already. When storing fails (a full disk), the earlier limits apply again. */
async function store(
  world: Pick<World, 'table' | 'runtime' | 'logger'>,
  entry: Entry,
  hostConfig: HostConfig,
): Promise<void> {
  const before = entry.record;
  try {
    world.table.put(entry, { ...before, hostConfig });
  } catch (error) {
    if (hasProcess(before)) {
      await world.runtime.update(entry.id, before.hostConfig).catch((failure: unknown) => {
        world.logger.warn(
          { containerId: entry.id, error: messageOf(failure) },
          'cannot restore the limits of a container after a failed update',
        );
      });
    }
    throw error;
  }
}

/** @throws EngineError conflict */
export function mergeChange(current: HostConfig, change: Change): HostConfig {
  checkCpu(current, change);
  // As in Docker, a container without a limit of swap (0) and one with unlimited swap (-1) are refused too.
  if (!isSet(change.MemorySwap) && (change.Memory ?? 0) > Math.max(current.MemorySwap ?? 0, 0)) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const policy = change.RestartPolicy;
  const hasPolicy = policy?.Name !== undefined && policy.Name !== '';
  if (hasPolicy && policy.Name !== 'no' && current.AutoRemove === true) {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
  const set = Object.fromEntries(UPDATABLE.filter((key) => isSet(change[key])).map((key) => [key, change[key]]));
  return {
    ...current,
    ...set,
    ...(change.PidsLimit == null ? {} : { PidsLimit: Math.max(change.PidsLimit, 0) }),
    ...(hasPolicy ? { RestartPolicy: { Name: policy.Name, MaximumRetryCount: policy.MaximumRetryCount ?? 0 } } : {}),
  };
}

/** CPUs are given as a number, or as quota and period. An update keeps the form. A quota of -1 is not a limit. */
function checkCpu(current: HostConfig, change: Change): void {
  const clash = (what: string, has: string): never => {
    throw conflict(`Conflicting options: ${what} cannot be updated as ${has} has already been set`);
  };
  if (isLimit(change.NanoCpus) && isLimit(current.CpuPeriod)) clash('Nano CPUs', 'CPU Period');
  if (isLimit(change.NanoCpus) && isLimit(current.CpuQuota)) clash('Nano CPUs', 'CPU Quota');
  if (isLimit(change.CpuPeriod) && isLimit(current.NanoCpus)) clash('CPU Period', 'NanoCPUs');
  if (isLimit(change.CpuQuota) && isLimit(current.NanoCpus)) clash('CPU Quota', 'NanoCPUs');
}

function isSet(value: number | string | undefined): boolean {
  return value !== undefined && value !== 0 && value !== '';
}

function isLimit(value: number | undefined): boolean {
  return value !== undefined && value > 0;
}
