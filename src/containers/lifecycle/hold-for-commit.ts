import type { Readable } from 'node:stream';
import { conflict, EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ContainerConfig, Platform } from '../../spec/index.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import type { ContainerRecord } from '../model/record.ts';
import { hasProcess } from '../model/state.ts';
import { completeConfig } from '../plan/merge-config.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { lockEntry } from './lock-entry.ts';
import { notePaused, type PauseDeps, setPaused } from './pause-container.ts';

export type HoldForCommitDeps = PauseDeps & Pick<World, 'files' | 'logger'>;

/** A container from which `images` makes an image. It stays frozen until disposed, if the caller asked for that. */
export interface HeldContainer extends AsyncDisposable {
  readonly id: string;
  /** '' for a container without an image. */
  readonly imageId: Digest | '';
  readonly platform: Platform;
  readonly config: ContainerConfig;
  /** Fills the omitted fields of a config from the container's. */
  complete(wanted: ContainerConfig): ContainerConfig;
  /** Returns the container's changes over its image, as a plain tar. */
  layer(signal: AbortSignal): Promise<Readable>;
  /** Announces the image. */
  committed(image: { readonly id: Digest; readonly name: string; readonly comment: string }): void;
}

/**
 * Freezes a running container while its files are read. A mark is stored first: when the daemon dies meanwhile, the
 * next one resumes the container. Several commits may hold one container. A container that its user paused stays
 * paused.
 * @throws EngineError notFound; conflict while the container is removed or restarts
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
  const isHolding = options.pause && (await freeze(world, entry, ref, signal));
  return {
    id,
    imageId: record.imageId,
    platform: record.platform,
    // The image's ONBUILD triggers are for builds on top of it.
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

/** Returns whether the caller has to thaw the container. */
async function freeze(world: HoldForCommitDeps, entry: Entry, ref: string, signal: AbortSignal): Promise<boolean> {
  using _lock = await lockEntry(world, entry, ref, signal);
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
    // The container has just ended: nothing writes to its files any more.
    if (hasEnded(entry, error)) return false;
    throw error;
  }
  return true;
}

async function thaw(world: HoldForCommitDeps, entry: Entry): Promise<void> {
  using _lock = await world.locks.acquire(entry.id);
  await letGo(world, entry);
}

/** Thaws the container. The caller holds the lock. The user may have resumed or ended it in the meantime. */
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

/** Whether pausing or resuming failed because the process has ended. Its exit may not be known yet. */
function hasEnded(entry: Entry, error: unknown): boolean {
  return !hasProcess(entry.record) || (error instanceof EngineError && error.kind === 'conflict');
}

/** Resumes a container that a commit of an earlier daemon had paused. */
export async function endInterruptedCommit(world: HoldForCommitDeps, entry: Entry): Promise<void> {
  if (entry.record.pausedForCommit !== true) return;
  if (hasProcess(entry.record)) {
    // Only the runtime knows whether the container is frozen, and it refuses to thaw one that is not.
    await world.runtime.resume(entry.id).catch(() => {});
    if (entry.record.state.paused) notePaused(world, entry, false);
  }
  world.table.note(entry, withoutMark(entry.record));
}

function withoutMark({ pausedForCommit: _mark, ...record }: ContainerRecord): ContainerRecord {
  return record;
}
