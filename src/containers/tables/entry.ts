import type { ObjectId } from '../../base/ids.ts';
import type { ContainerSummary } from '../model/inspection.ts';
import type { ContainerRecord } from '../model/record.ts';
import { restartDelay } from '../model/restart-policy.ts';
import { Waiters } from './waiters.ts';

/** A list element without what changes while its container does not. */
export type StableSummary = Omit<ContainerSummary, 'Status'>;

/**
 * One container in memory: its current record, and what only this daemon's life knows of it. The table makes entries and is the
 * only one to replace their records; verbs change the rest by the operations below.
 *
 * An entry lives from `ContainerTable.insert` (or `adopt`, after a restart of the daemon) until `drop`. In between, starts and
 * exits alternate: `beginStart`/`endStart` around each start, `cleanUp` after each exit, `awaitRestart` while a restart policy
 * waits. `beginRemoval` is the last operation, unless the removal fails.
 */
export class Entry {
  readonly id: ObjectId;
  readonly waiters = new Waiters();
  /** Execs created and not yet ended. */
  readonly execIds = new Set<string>();
  #record: ContainerRecord;
  #summary: StableSummary | undefined;
  #isRemoving = false;
  #isStarting = false;
  #restartsByHand = 0;
  #commits = 0;
  #attachments = 0;
  #cancelRestart: (() => void) | undefined;
  #restartDelayMs = 0;
  #stopHealthChecks: (() => void) | undefined;
  #cleanup: Promise<void> | undefined;

  constructor(record: ContainerRecord) {
    this.id = record.id;
    this.#record = record;
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  /** For the table alone: everybody else changes a record by `ContainerTable.put` or `note`. */
  replaceRecord(record: ContainerRecord): void {
    this.#record = record;
    this.#summary = undefined;
  }

  /** The element of a list, made once for each record. */
  summary(summarize: (record: ContainerRecord) => StableSummary): StableSummary {
    this.#summary ??= summarize(this.#record);
    return this.#summary;
  }

  /** A removal has begun: other removals are refused, and an exit leaves the clean-up to it. */
  get isRemoving(): boolean {
    return this.#isRemoving;
  }

  beginRemoval(): void {
    this.#isRemoving = true;
  }

  /** The removal failed: another one may be tried. */
  cancelRemoval(): void {
    this.#isRemoving = false;
  }

  /** A start is under way. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  beginStart(): void {
    this.#isStarting = true;
  }

  endStart(): void {
    this.#isStarting = false;
  }

  /** `restart` by a user holds the container down and up: an exit is no reason for auto-remove or a restart policy. */
  get isRestartedByHand(): boolean {
    return this.#restartsByHand > 0;
  }

  /** Holds until disposed. */
  holdForRestart(): Disposable {
    this.#restartsByHand += 1;
    return {
      [Symbol.dispose]: () => {
        this.#restartsByHand -= 1;
      },
    };
  }

  /** Number of commits that hold the container paused. */
  get commits(): number {
    return this.#commits;
  }

  addCommit(): void {
    this.#commits += 1;
  }

  dropCommit(): void {
    this.#commits -= 1;
  }

  /** Whether an attachment is open or waits for a start. */
  get isAttached(): boolean {
    return this.#attachments > 0;
  }

  addAttachment(): void {
    this.#attachments += 1;
  }

  dropAttachment(): void {
    this.#attachments -= 1;
  }

  /** The restart policy waits for its next start; `cancel` ends the wait. */
  awaitRestart(cancel: () => void): void {
    this.#cancelRestart = cancel;
  }

  /** The wait of the restart policy is over. */
  endRestartWait(): void {
    this.#cancelRestart = undefined;
  }

  /** Does nothing when no restart is waited for. */
  cancelRestart(): void {
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
  }

  /** Milliseconds that the restart policy waits after a run of this length. */
  nextRestartDelayMs(ranForMs: number): number {
    this.#restartDelayMs = restartDelay(this.#restartDelayMs, ranForMs);
    return this.#restartDelayMs;
  }

  /** A start by a user begins the back-off anew. */
  resetRestartDelay(): void {
    this.#restartDelayMs = 0;
  }

  /** Health checks run from now on; `stop` ends them. */
  beginHealthChecks(stop: () => void): void {
    this.#stopHealthChecks = stop;
  }

  /** Does nothing when no health checks run. */
  endHealthChecks(): void {
    this.#stopHealthChecks?.();
    this.#stopHealthChecks = undefined;
  }

  /** What the last run held is being released; `done` resolves at the end and never rejects. */
  cleanUp(done: Promise<void>): void {
    this.#cleanup = done;
  }

  /** The clean-up after the last run, until a start has waited for it. */
  get cleanup(): Promise<void> | undefined {
    return this.#cleanup;
  }

  /** Resolves when what the last run held is released. For a start, which takes the same names again. */
  async cleanedUp(): Promise<void> {
    await this.#cleanup;
    this.#cleanup = undefined;
  }
}
