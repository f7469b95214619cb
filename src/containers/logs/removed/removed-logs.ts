import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { errnoOf, messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import { writeFileAtomic } from '../../../io/index.ts';
import { findLogDriver, keepMilliseconds, logDriverOf } from '../../../log-drivers/index.ts';
import { containerPaths } from '../../model/paths.ts';
import type { ContainerRecord } from '../../model/record.ts';
import type { RemovedLog, RemovedLogs } from '../../model/removed-log.ts';

/** All logs of removed containers together. Beyond it the oldest are removed before their time. */
const MOST_BYTES = 1024 ** 3;
const DESCRIPTION = 'container.json';

const description = z.object({
  name: z.string(),
  tty: z.boolean(),
  removedAtMs: z.number(),
  untilMs: z.number(),
});

interface Kept extends RemovedLog {
  readonly bytes: number;
}

interface Clock {
  /** Nanoseconds since the epoch. */
  now(): bigint;
  after(delayMs: number, callback: () => void): { cancel(): void };
}

export interface RemovedLogsDeps {
  readonly dataRoot: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly removeTree: (path: string) => Promise<void>;
}

/**
 * Keeps logs of removed containers for the time of their log option `keep`. They are moved, not copied:
 *
 *     removed-logs/<id>/container.json      the name, whether it had a terminal, until when it is kept
 *     removed-logs/<id>/<id>-json.log …
 */
export class MovedLogs implements RemovedLogs {
  readonly #deps: RemovedLogsDeps;
  readonly #folder: string;
  /** By id, oldest first. Read at the first use. */
  #known: Map<string, Kept> | undefined;
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(deps: RemovedLogsDeps) {
    this.#deps = deps;
    this.#folder = join(deps.dataRoot, 'removed-logs');
  }

  /**
   * Moves the log of a container that is being removed, when it asks for that. May be repeated. A log that cannot be moved is lost, and a
   * warning says so: the removal goes on.
   */
  async keep(record: ContainerRecord): Promise<void> {
    const { LogConfig: config } = record.hostConfig;
    const driver = findLogDriver(logDriverOf(config));
    if (driver?.keepsOutput !== true || driver.openSender !== undefined) return;
    try {
      const milliseconds = keepMilliseconds(config?.Config ?? {});
      if (milliseconds === 0) return;
      const removedAtMs = nowMs(this.#deps.clock);
      this.#move(record, { removedAtMs, untilMs: removedAtMs + milliseconds });
      await this.sweep();
    } catch (error) {
      this.#deps.logger.warn({ containerId: record.id, error: messageOf(error) }, 'cannot keep the log of a container');
    }
  }

  /** Finds a log as clients name a container: by its id, the beginning of one, or its name, of which the newest counts. */
  find(ref: string): RemovedLog | undefined {
    const name = ref.replace(/^\//, '');
    const logs = [...this.#logs().values()];
    const byId = /^[0-9a-f]{4,64}$/.test(name) ? logs.filter(({ id }) => id.startsWith(name)) : [];
    const newest = logs.filter((log) => log.name === name).at(-1);
    return newest ?? (byId.length === 1 ? byId[0] : undefined);
  }

  /** Removes logs whose time is over, or that are too many, and comes back when the next one's time is. */
  async sweep(): Promise<void> {
    const now = nowMs(this.#deps.clock);
    let bytes = 0;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const log of [...this.#logs().values()].toReversed()) {
      bytes += log.bytes;
      if (log.untilMs <= now || bytes > MOST_BYTES) {
        this.#logs().delete(log.id);
        await this.#deps.removeTree(dirname(log.path));
      } else nextMs = Math.min(nextMs, log.untilMs);
    }
    // Another sweep may have ended meanwhile.
    this.#timer?.cancel();
    if (nextMs === Number.POSITIVE_INFINITY || this.#isClosed) return;
    this.#timer = this.#deps.clock.after(nextMs - now, () => {
      this.sweep().catch((error: unknown) => {
        this.#deps.logger.warn({ error: messageOf(error) }, 'cannot remove the logs of removed containers');
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #move(record: ContainerRecord, times: { readonly removedAtMs: number; readonly untilMs: number }): void {
    const { log } = containerPaths(this.#deps.dataRoot, record.id);
    const names = namesOf(dirname(log)).filter((name) => name.startsWith(basename(log)));
    if (names.length === 0) return;
    const folder = join(this.#folder, record.id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ name: record.name.replace(/^\//, ''), tty: record.config.Tty === true, ...times });
    writeFileAtomic(join(folder, DESCRIPTION), text);
    for (const name of names) renameSync(join(dirname(log), name), join(folder, name));
    this.#logs().delete(record.id);
    this.#logs().set(record.id, this.#read(record.id));
  }

  #logs(): Map<string, Kept> {
    this.#known ??= new Map(
      namesOf(this.#folder)
        .map((id) => this.#read(id))
        .sort((a, b) => a.removedAtMs - b.removedAtMs)
        .map((log) => [log.id, log]),
    );
    return this.#known;
  }

  /** A folder without its description was left by a crash: it counts as old. */
  #read(id: string): Kept {
    const folder = join(this.#folder, id);
    const place = { id, path: join(folder, basename(containerPaths('', id).log)), bytes: sizeOf(folder) };
    try {
      return { ...place, ...description.parse(JSON.parse(readFileSync(join(folder, DESCRIPTION), 'utf8'))) };
    } catch {
      return { ...place, name: '', tty: false, removedAtMs: 0, untilMs: 0 };
    }
  }
}

function nowMs(clock: Clock): number {
  return Number(clock.now() / 1_000_000n);
}

function namesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

function sizeOf(folder: string): number {
  return namesOf(folder).reduce(
    (sum, name) => sum + (lstatSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
