import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { namesInSync } from '../../io/index.ts';
import { detachMount, readMountInfo, removeTree } from '../../linux/index.ts';
import type { KnownTask, TaskExit } from '../../runtime/index.ts';
import type { BuildPorts } from '../ports.ts';
import { isTreeRootId } from '../tree.ts';
import { STEP_OWNER } from './exec/run-task.ts';

export type RestorePorts = Pick<
  BuildPorts,
  'runtime' | 'networks' | 'snapshots' | 'collector' | 'runFolder' | 'logger'
>;

const SIGKILL = 9;
/** A killed process ends at once, unless its disk does not answer. */
const EXIT_WAIT_MS = 10_000;

/**
 * After a start of the daemon, before builds run: ends the steps that a killed daemon left, and removes their roots and
 * files. Failures are logged. May be repeated.
 */
export async function restoreBuilds(ports: RestorePorts): Promise<void> {
  const { runtime, snapshots, collector, runFolder } = ports;
  const steps = runtime.tasks().filter(({ owner, execId }) => owner.kind === STEP_OWNER && execId === undefined);
  await Promise.all(steps.map((step) => quietly(ports, endStep(ports, step))));
  await quietly(ports, runtime.sweep({ [STEP_OWNER]: () => false }));
  for (const id of snapshots.writables()) if (isTreeRootId(id)) await quietly(ports, snapshots.removeWritable(id));
  await quietly(ports, collector.collectHeldBack());
  const below = `${runFolder}/`;
  const mounts = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(below));
  for (const { mountPoint } of mounts.toReversed()) detachMount(mountPoint);
  for (const name of namesInSync(runFolder)) removeTree(join(runFolder, name));
}

async function endStep({ runtime, networks, logger }: RestorePorts, { containerId, exit }: KnownTask): Promise<void> {
  logger.info({ task: containerId }, 'ending a step of a build that was interrupted');
  const ended = Promise.withResolvers<TaskExit | undefined>();
  using _listener = runtime.onExit((each) => {
    if (each.containerId === containerId && each.execId === undefined) ended.resolve(each);
  });
  if (exit === undefined) {
    const timer = setTimeout(ended.resolve, EXIT_WAIT_MS, undefined);
    // A task that has ended meanwhile cannot be killed.
    await runtime.kill({ containerId }, SIGKILL).catch(() => ended.resolve(undefined));
    await ended.promise;
    clearTimeout(timer);
  }
  await runtime.release({ containerId });
  await networks.detach(containerId);
}

async function quietly({ logger }: RestorePorts, step: Promise<unknown>): Promise<void> {
  try {
    await step;
  } catch (error) {
    logger.error({ error: messageOf(error) }, 'removing what is left of a build is incomplete');
  }
}
