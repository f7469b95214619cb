import { join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { namesIn } from '../../../io/index.ts';
import type { SandboxState } from '../../../network/index.ts';
import type { KnownTask, OwnerTables } from '../../../runtime/index.ts';
import { taskRef } from '../../../spec/index.ts';
import { type WatchHealthDeps, watchHealth } from '../../health/watch-health.ts';
import { containersFolder } from '../../model/paths.ts';
import type { ContainerRecord } from '../../model/record.ts';
import { wantsRestartAtBoot } from '../../model/restart-policy.ts';
import { SIGKILL } from '../../model/signals.ts';
import { hasProcess } from '../../model/state.ts';
import { ownerOfRoot, rootsOf } from '../../relations/image-mounts.ts';
import { volumeNames } from '../../start/release-resources.ts';
import type { Entry } from '../../tables/entry.ts';
import type { World } from '../../world.ts';
import { endInterruptedCommit, type HoldForCommitDeps } from '../hold-for-commit.ts';
import { autoRemove, type RemoveDeps, releaseVolumes, removeContainer, sweep } from '../remove-container.ts';
import { adoptContainer, adoptExec } from './adopt-tasks.ts';
import { type RestartAtBootDeps, restartAtBoot } from './restart-at-boot.ts';

export type RestoreDeps = HoldForCommitDeps & RemoveDeps & RestartAtBootDeps & WatchHealthDeps;

/** Number of unmounts and sweeps at a time. It leaves threads of the pool to other work. */
const PARALLEL = 16;

/**
 * Makes memory, kernel and disk agree with the records after a start of the daemon. Running tasks are adopted as they
 * are. Interrupted creates are undone, and interrupted removals finished. Everything that belongs to no container is
 * removed. Then the exits that happened meanwhile are applied in their order, and restart policies and auto-remove take
 * effect.
 *
 * Exits that are announced meanwhile wait in `World.exits`. An interrupted restore is completed by the next one.
 */
export async function restore(world: RestoreDeps): Promise<void> {
  const tasks = world.runtime.tasks();
  const unfinished = world.table.stored().filter(({ phase }) => phase === 'creating' || phase === 'removing');
  for (const record of world.table.stored()) {
    if (record.phase !== 'creating' && record.phase !== 'removing') world.table.adopt(record);
  }
  const entries = [...world.table.entries()];
  const ran = entries.map(({ record }) => record).filter(isRunning);
  adoptTasks(world, entries, tasks);
  for (const entry of entries) {
    for (const name of volumeNames(entry.record)) world.volumes.reference(name, entry.id);
  }

  const lost = ran.filter(({ id }) => !isRunning(world.table.byId(id)?.record));
  await world.networks.restore(sandboxesOf(entries.map(({ record }) => record).filter(isRunning)), sandboxesOf(lost));
  await world.volumes.restore(new Set(entries.map(({ id }) => id)));
  await inParallel(
    entries.filter(({ record }) => !hasProcess(record)),
    (entry) => unmountStale(world, entry.record),
  );
  await sweepMounts(world, entries);
  await inParallel(unfinished, (record) => finish(world, record));
  const tables = ownerTables(world);
  await killOrphans(world, tasks, tables);
  await quietly(world, '', world.runtime.sweep(tables));
  await removeStrays(world);
  await quietly(world, '', world.removedLogs.sweep());

  for (const entry of entries) await quietly(world, entry.id, endInterruptedCommit(world, entry));
  const idle = entries.filter(({ record }) => !hasProcess(record));
  for (const { record } of entries) world.logDelivery.resume(record, hasProcess(record));
  for (const task of tasks) if (task.exit !== undefined) world.exits.push({ ...taskRef(task), ...task.exit });
  world.exits.open();
  reviveOrRemove(world, idle);
  for (const entry of entries) watchHealth(world, entry);
  await inParallel(entries, (entry) => removeTemporary(world, entry));
}

function adoptTasks(world: RestoreDeps, entries: readonly Entry[], tasks: readonly KnownTask[]): void {
  const main = new Map<string, KnownTask>();
  const execs = new Map<string, KnownTask>();
  for (const task of tasks) {
    if (task.execId === undefined) main.set(task.containerId, task);
    else execs.set(task.execId, task);
  }
  for (const entry of entries) adoptContainer(world, entry, main.get(entry.id));
  for (const exec of [...world.execs.all()]) adoptExec(world, exec, execs.get(exec.id));
}

function isRunning(record: ContainerRecord | undefined): boolean {
  return record !== undefined && hasProcess(record);
}

function sandboxesOf(records: readonly ContainerRecord[]): readonly SandboxState[] {
  return records.flatMap(({ sandbox, name }) => (sandbox === undefined ? [] : [{ ...sandbox, containerName: name }]));
}

/** A crash between an exit and its clean-up leaves mounts. The networks' own restore detaches the networks. */
async function unmountStale(
  world: Pick<World, 'volumes' | 'snapshots' | 'logger'>,
  record: ContainerRecord,
): Promise<void> {
  for (const root of rootsOf(record)) await quietly(world, record.id, world.snapshots.unmount(root));
  for (const name of volumeNames(record)) await quietly(world, record.id, world.volumes.unmount(name, record.id));
}

async function sweepMounts(
  world: Pick<World, 'sharedMemory' | 'pinnedPaths' | 'logger'>,
  entries: readonly Entry[],
): Promise<void> {
  const running = entries.filter(({ record }) => hasProcess(record)).map(({ id }) => id);
  try {
    await world.sharedMemory.sweep(new Set(running));
    await world.pinnedPaths.sweep();
  } catch (error) {
    world.logger.error({ error: messageOf(error) }, 'cannot unmount the mounts of ended containers');
  }
}

/** Undoes an interrupted create, or finishes an interrupted removal. Both remove everything. */
async function finish(world: RestoreDeps, record: ContainerRecord): Promise<void> {
  const removes = record.phase === 'creating' ? 'made' : record.removeVolumes === true ? 'anonymous' : 'none';
  await quietly(world, record.id, releaseVolumes(world, record, removes));
  world.execs.deleteOf(record.id);
  await quietly(world, record.id, sweep(world, record));
}

/** Says by kind of owner whether a task is needed. Kinds that are not listed have no table here. */
function ownerTables(world: Pick<RestoreDeps, 'table' | 'execs'>): OwnerTables {
  const runs = (id: string): boolean => {
    const entry = world.table.byId(id);
    return entry !== undefined && hasProcess(entry.record);
  };
  return {
    container: runs,
    exec: (id) => {
      const exec = world.execs.find(id);
      return exec?.running === true && runs(exec.containerId);
    },
  };
}

/** Kills processes whose owner is of a kind known here, but is in no table. Their exits release them. */
async function killOrphans(world: RestoreDeps, tasks: readonly KnownTask[], tables: OwnerTables): Promise<void> {
  for (const { owner, exit, ...task } of tasks) {
    if (exit !== undefined || tables[owner.kind]?.(owner.id) !== false) continue;
    world.logger.warn({ containerId: task.containerId, owner }, 'killing a process that its owner does not know');
    await quietly(world, task.containerId, world.runtime.kill(taskRef(task), SIGKILL));
  }
}

/** Removes writable layers and folders of containers that do not exist. */
async function removeStrays(world: RestoreDeps): Promise<void> {
  const layers = world.snapshots.writables().filter((id) => world.table.byId(ownerOfRoot(id)) === undefined);
  await inParallel(layers, (id) => quietly(world, id, world.snapshots.removeWritable(id)));
  const root = containersFolder(world.dataRoot);
  const folders = (await namesIn(root)).filter((id) => world.table.byId(id) === undefined);
  await inParallel(folders, (id) => quietly(world, id, world.removeTree(join(root, id))));
}

/** Builds do not outlive their daemon. */
async function removeTemporary(world: RestoreDeps, { id, record }: Entry): Promise<void> {
  if (record.isTemporary !== true) return;
  const removed = removeContainer(world, id, { force: true, volumes: true }, new AbortController().signal);
  await quietly(world, id, removed);
}

/**
 * Restarts or removes the containers that had ended before the daemon started, by their restart policy or auto-remove.
 */
function reviveOrRemove(world: RestoreDeps, idle: readonly Entry[]): void {
  const revived = new Set(idle.filter(({ record }) => isToBeRevived(record)));
  restartAtBoot(world, [...revived]);
  for (const entry of idle) {
    const { hasStarted, state } = entry.record;
    if (!revived.has(entry) && (hasStarted || state.error !== '')) autoRemove(world, entry);
  }
}

function isToBeRevived({ state, hostConfig, restartCount, manuallyStopped, hasStarted }: ContainerRecord): boolean {
  const run = { exitCode: state.exitCode, durationMs: 0, manuallyStopped, restartCount };
  return state.restarting || (hasStarted && wantsRestartAtBoot(hostConfig.RestartPolicy, run));
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
}

async function quietly(world: Pick<World, 'logger'>, containerId: string, step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (error) {
    world.logger.error({ containerId, error: messageOf(error) }, 'restoring a container is incomplete');
  }
}
