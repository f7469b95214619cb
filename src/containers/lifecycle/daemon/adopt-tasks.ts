import { formatNanos } from '../../../base/time.ts';
import type { KnownTask } from '../../../runtime/index.ts';
import { emitContainerEvent } from '../../events/container-events.ts';
import type { ExecRecord } from '../../model/record.ts';
import { exited, hasProcess, NOT_STARTED, started, startFailed, UNKNOWN_EXIT_CODE } from '../../model/state.ts';
import type { Entry } from '../../tables/entry.ts';
import type { World } from '../../world.ts';

const INTERRUPTED = 'the engine was interrupted while it started the container';

/** Compares a record with the container's task in the runtime, and corrects the record. */
export function adoptContainer(
  world: Pick<World, 'table' | 'events' | 'clock'>,
  entry: Entry,
  task: KnownTask | undefined,
): void {
  const { record } = entry;
  if (record.phase === 'starting') {
    // The start was stored before its outcome was known. The task of the run before does not belong to it.
    if (task === undefined || task.startedAt === record.state.startedAt) {
      world.table.note(entry, startFailed(record, { exitCode: NOT_STARTED, error: INTERRUPTED }));
      return;
    }
    world.table.note(entry, started(record, task));
    emitContainerEvent(world.events, entry.record, 'start');
    return;
  }
  if (!hasProcess(record) || task !== undefined) return;
  // The container ran, and its exit is not known: the host was restarted.
  const lost = { exitCode: null, oomKilled: false, exitedAt: formatNanos(world.clock.now()) };
  world.table.note(entry, exited(record, lost, 'exited'));
  emitContainerEvent(world.events, entry.record, 'die', { exitCode: String(UNKNOWN_EXIT_CODE) });
}

/**
 * Keeps an exec that runs or may still be started. Ends an exec whose process is unknown, and deletes one that can
 * start no more.
 */
export function adoptExec(world: Pick<World, 'table' | 'execs'>, exec: ExecRecord, task: KnownTask | undefined): void {
  const entry = world.table.byId(exec.containerId);
  if (entry === undefined) {
    world.execs.delete(exec.id);
    return;
  }
  if (exec.exitCode !== null) return;
  if (task !== undefined) {
    world.execs.note({ ...exec, running: true, pid: task.pid });
    entry.execIds.add(exec.id);
  } else if (exec.running) {
    world.execs.note({ ...exec, running: false, exitCode: UNKNOWN_EXIT_CODE });
  } else if (hasProcess(entry.record)) {
    entry.execIds.add(exec.id);
  } else world.execs.delete(exec.id);
}
