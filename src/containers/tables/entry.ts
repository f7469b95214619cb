import type { ObjectId } from '../../base/ids.ts';
import type { ContainerSummary } from '../model/inspection.ts';
import type { ContainerRecord } from '../model/record.ts';
import { restartDelay } from '../model/restart-policy.ts';
import { Waiters } from './waiters.ts';

/** A list element without the fields that change while the record does not. */
export type StableSummary = Omit<ContainerSummary, 'Status'>;

/**
 * One container in memory: its current record, and the state that only this process of the daemon needs. The table
 * makes entries and is the only one to replace their records. Verbs change the other state by the operations below.
 *
 * An entry lives from `ContainerTable.insert` (or `adopt`, after a restart of the daemon) until `drop`. In between,
 * starts and exits alternate: `beginStart`/`endStart` around each start, `cleanUp` after each exit, `awaitRestart`
 * while a restart policy waits. `beginRemoval` is the last operation, unless the removal fails.
 */
export class Entry {
  readonly id: ObjectId;
  readonly waiters = new Waiters();
  /** Execs that were created and have not ended. */
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

  /** Replaces the record. Only the table calls it: all other code calls `ContainerTable.put` or `note`. */
  replaceRecord(record: ContainerRecord): void {
    this.#record = record;
    this.#summary = undefined;
  }

  /** The element of a list, made once for each record. */
  summary(summarize: (record: ContainerRecord) => StableSummary): StableSummary {
    this.#summary ??= summarize(this.#record);
    return this.#summary;
  }

  /** Whether a removal has begun. Other removals are refused then, and an exit leaves the clean-up to the removal. */
  get isRemoving(): boolean {
    return this.#isRemoving;
  }

  beginRemoval(): void {
    this.#isRemoving = true;
  }

  /** Ends a failed removal. Another one may be tried. */
  cancelRemoval(): void {
    this.#isRemoving = false;
  }

  /** Whether a start is under way. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  beginStart(): void {
    this.#isStarting = true;
  }

  endStart(): void {
    this.#isStarting = false;
  }

  /**
   * Whether a user's `restart` is under way. The exit in between then causes no auto-remove and no restart by policy.
   */
  get isRestartedByHand(): boolean {
    return this.#restartsByHand > 0;
  }

  /** Marks a user's `restart` as under way until the result is disposed. */
  holdForRestart(): Disposable {
    this.#restartsByHand += 1;
    return {
      [Symbol.dispose]: () => {
        this.#restartsByHand -= 1;
      },
    };
  }

  /** Number of commits that keep the container paused. */
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

  /** Notes that the restart policy waits for its next start. `cancel` ends the wait. */
  awaitRestart(cancel: () => void): void {
    this.#cancelRestart = cancel;
  }

  /** Notes that the wait of the restart policy has ended. */
  endRestartWait(): void {
    this.#cancelRestart = undefined;
  }

  /** Cancels the wait of the restart policy, if there is one. */
  cancelRestart(): void {
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
  }

  /** Returns the milliseconds that the restart policy waits after a run of this length. */
  nextRestartDelayMs(ranForMs: number): number {
    this.#restartDelayMs = restartDelay(this.#restartDelayMs, ranForMs);
    return this.#restartDelayMs;
  }

  /** Resets the back-off, after a start by a user. */
  resetRestartDelay(): void {
    this.#restartDelayMs = 0;
  }

  /** Notes that health checks run. `stop` ends them. */
  beginHealthChecks(stop: () => void): void {
    this.#stopHealthChecks = stop;
  }

  /** Ends the health checks, if any run. */
  endHealthChecks(): void {
    this.#stopHealthChecks?.();
    this.#stopHealthChecks = undefined;
  }

  /** Notes the clean-up after a run. `done` resolves at its end and never rejects. */
  cleanUp(done: Promise<void>): void {
    this.#cleanup = done;
  }

  /** The clean-up after the last run, until a start has waited for it. */
  get cleanup(): Promise<void> | undefined {
    return this.#cleanup;
  }

  /**
   * Resolves when the clean-up after the last run is done. A start waits for it, since it takes the same names again.
   */
  async cleanedUp(): Promise<void> {
    await this.#cleanup;
    this.#cleanup = undefined;
  }
}
