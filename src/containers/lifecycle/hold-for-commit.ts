import type { Readable } from 'node:stream';
import { conflict, EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ContainerConfig } from '../../spec/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { ContainerRecord } from '../model/record.ts';
import { hasProcess } from '../model/state.ts';
import { completeConfig } from '../plan/merge-config.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { notePaused, type PauseDeps, setPaused } from './pause-container.ts';

export type HoldForCommitDeps = PauseDeps & Pick<World, 'files' | 'logger'>;

/** A container that an image is made of: frozen until disposed, if that was wanted. What `images` needs of it. */
export interface HeldContainer extends AsyncDisposable {
  readonly id: string;
  readonly imageId: Digest;
  readonly config: ContainerConfig;
  /** A config with what it leaves open filled from the container's. */
  complete(wanted: ContainerConfig): ContainerConfig;
  /** What it wrote over its image: a plain tar. */
  layer(signal: AbortSignal): Promise<Readable>;
  /** Announces the image. */
  committed(image: { readonly id: Digest; readonly name: string; readonly comment: string }): void;
}

/**
 * Freezes a running container for the time that its files are read. That it was us is stored first, so that a daemon that dies
 * meanwhile lets it go on at its next start. Several may hold one container; a container that its user paused stays so.
 * @throws EngineError notFound; conflict while it is removed or restarts
 */
export async function holdForCommit(
  world: HoldForCommitDeps,
  ref: string,
  options: { readonly pause: boolean },
  signal: AbortSignal,
): Promise<HeldContainer> {
  const entry = world.table.resolve(ref);
  const { id, record } = entry;
  if (record.state.dead) throw conflict(`You cannot commit container ${id} which is Dead`);
  if (entry.isRemoving) throw conflict(`You cannot commit container ${id} which is being removed`);
  const isHolding = options.pause && (await freeze(world, entry, signal));
  return {
    id,
    imageId: record.imageId,
    // Triggers of the image are for those who build on it.
    config: { ...record.config, OnBuild: null },
    complete: (wanted) => ({ ...completeConfig(wanted, record.config), OnBuild: wanted.OnBuild ?? null }),
    layer: (until) => world.files.layer(id, until),
    committed: (image) =>
      emitContainerEvent(world.events, entry.record, 'commit', {
        comment: image.comment,
        imageID: image.id,
        imageRef: image.name,
      }),
    async [Symbol.asyncDispose]() {
      if (isHolding) await thaw(world, entry);
    },
  };
}

/** Whether the caller has to thaw it. */
async function freeze(world: HoldForCommitDeps, entry: Entry, signal: AbortSignal): Promise<boolean> {
  using _lock = await world.locks.acquire(entry.id, signal);
  if (entry.commits > 0) {
    entry.addCommit();
    return true;
  }
  const { state } = entry.record;
  if (state.restarting) throw conflict(`Container ${entry.id} is restarting, wait until the container is running`);
  if (!hasProcess(entry.record) || state.paused) return false;
  world.table.put(entry, { ...entry.record, pausedForCommit: true });
  entry.addCommit();
  try {
    await setPaused(world, entry, true);
  } catch (error) {
    await letGo(world, entry);
    // It ended at this moment: nothing writes to its files any more.
    if (hasEnded(entry, error)) return false;
    throw error;
  }
  return true;
}

async function thaw(world: HoldForCommitDeps, entry: Entry): Promise<void> {
  using _lock = await world.locks.acquire(entry.id);
  await letGo(world, entry);
}

/** With the lock held. Its user may have let it go on, or ended it, in the meantime. */
async function letGo(world: HoldForCommitDeps, entry: Entry): Promise<void> {
  entry.dropCommit();
  if (entry.commits > 0) return;
  const isOurs = entry.record.pausedForCommit === true;
  try {
    if (isOurs && entry.record.state.paused) await setPaused(world, entry, false);
  } catch (error) {
    if (!hasEnded(entry, error))
      world.logger.error({ containerId: entry.id, error: messageOf(error) }, 'a container stays paused after a commit');
  }
  if (isOurs) world.table.note(entry, withoutMark(entry.record));
}

/** Whether pausing or resuming failed since the process is gone; its exit may not be known yet. */
function hasEnded(entry: Entry, error: unknown): boolean {
  return !hasProcess(entry.record) || (error instanceof EngineError && error.kind === 'conflict');
}

/** Lets containers go on that a commit of a daemon before this one had paused. */
export async function endInterruptedCommit(world: HoldForCommitDeps, entry: Entry): Promise<void> {
  if (entry.record.pausedForCommit !== true) return;
  if (hasProcess(entry.record)) {
    // Frozen or not: only the runtime knows, and it refuses to thaw what is not.
    await world.runtime.resume(entry.id).catch(() => {});
    if (entry.record.state.paused) notePaused(world, entry, false);
  }
  world.table.note(entry, withoutMark(entry.record));
}

function withoutMark({ pausedForCommit: _mark, ...record }: ContainerRecord): ContainerRecord {
  return record;
}
