import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { LogMessage, LogSender } from '../../../log-drivers/index.ts';
import type { DeliveryState } from '../../model/log-delivery.ts';
import { LogFollower } from '../log-follower.ts';
import type { DeliveryLimits } from './delivery-limits.ts';
import { KeptLog } from './kept-log.ts';
import { Outage } from './outage.ts';
import { NOTHING_SENT, readPosition, type SentPosition, writePosition } from './sent-position.ts';

const BATCH = { messages: 1000, bytes: 128 * 1024 } as const;
/** Interval between two stored positions: what is sent again after a crash. */
const STORE_MILLISECONDS = 500;
/** How often the limits are checked while a receiver takes its time. */
const CHECK_MILLISECONDS = 20;
/** How often a hold is repeated, since a supervisor forgets it with the connection. */
const HOLD_MILLISECONDS = 1000;

/** What a forwarder gets. */
export interface ForwarderParts {
  /** Names container and driver in the engine's log. */
  readonly facts: object;
  readonly logPath: string;
  readonly positionPath: string;
  readonly limits: DeliveryLimits;
  readonly logger: Logger;
  /** @throws EngineError invalid for options that the driver refuses by now: a file of a certificate is gone */
  readonly openSender: () => Promise<LogSender>;
  /** Lets the container wait with its output, or go on. */
  readonly hold: (held: boolean) => Promise<void>;
}

/**
 * Sends the kept log of one container: batch after batch, each until the receiver has it. A position beside the log says up to where: the
 * next engine goes on there. It ends when the container has ended and everything is sent.
 */
export class Forwarder {
  /** Resolves when nothing is sent any more. Never rejects. */
  readonly done: Promise<void>;
  readonly #parts: ForwarderParts;
  readonly #stop = new AbortController();
  readonly #outage: Outage;
  #sender: LogSender | undefined;
  #log: KeptLog | undefined;
  #follower: LogFollower | undefined;
  #change: Promise<void> | undefined;
  #ended = false;
  #complete = false;
  #dropped = 0;
  #isDropping = false;
  /** Bytes of the batch under way, and of what is behind it. */
  #batchBytes = 0;
  #unreadBytes = 0;
  /** The number of messages in the batch while it may be dropped: no attempt is under way. */
  #spare = 0;
  #batchCount = 0;
  #countsRest = false;
  #heldAt = 0;
  #storedAt = 0;

  constructor(parts: ForwarderParts, sender?: LogSender) {
    this.#parts = parts;
    this.#sender = sender;
    this.#outage = new Outage(parts.logger, parts.facts);
    this.done = this.#run().catch((error: unknown) => {
      parts.logger.error({ ...parts.facts, error: messageOf(error) }, 'sending a log failed');
    });
  }

  get state(): DeliveryState {
    return { dropped: this.#dropped, unsentBytes: this.#batchBytes + this.#unreadBytes, error: this.#outage.error };
  }

  /** Whether the container has ended and everything is sent. */
  get isComplete(): boolean {
    return this.#complete;
  }

  /** Nothing more will be written, unless the container starts again. */
  end(ended: boolean): void {
    this.#ended = ended;
    this.#follower?.nudge();
  }

  /** Ends without sending the rest. The next forwarder goes on at the position. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#follower?.nudge();
    await this.done;
  }

  /** Ends for good: the rest is dropped. */
  async abandon(): Promise<void> {
    this.#countsRest = true;
    await this.stop();
  }

  async #run(): Promise<void> {
    const { logPath, positionPath } = this.#parts;
    const from = readPosition(positionPath) ?? NOTHING_SENT;
    this.#dropped = from.dropped;
    try {
      this.#follower = new LogFollower(logPath);
      this.#log = await KeptLog.open(logPath, from);
      if (this.#log.hasGap) {
        this.#parts.logger.warn(this.#parts.facts, 'a log has rotated while no engine sent it: messages are lost');
      }
      await this.#sendAll(this.#log);
    } catch (error) {
      // The container has been removed.
      if (errnoOf(error) !== 'ENOENT') throw error;
    } finally {
      await this.#close();
    }
  }

  async #sendAll(log: KeptLog): Promise<void> {
    this.#store(log, false);
    while (!this.#stop.signal.aborted) {
      // Asked before reading, so that everything written before the end is read.
      const ended = this.#ended;
      await this.#keepLimits(log);
      const batch = await log.next(this.#batchLimits());
      if (batch.length > 0) {
        await this.#deliver(log, batch);
        continue;
      }
      this.#endDropping();
      this.#store(log, true);
      if (ended && this.#ended) {
        this.#complete = true;
        break;
      }
      await this.#changed();
    }
    if (this.#complete) this.#write({ ...log.position, dropped: this.#dropped, complete: true });
  }

  #batchLimits(): { readonly messages: number; readonly bytes: number } {
    const { dropsBeyondBytes: most = BATCH.bytes } = this.#parts.limits;
    return { messages: BATCH.messages, bytes: Math.min(BATCH.bytes, most) };
  }

  /** Sends a batch until the receiver has it, or until newer messages take its place. */
  async #deliver(log: KeptLog, batch: readonly LogMessage[]): Promise<void> {
    const { signal } = this.#stop;
    this.#batchBytes = batch.reduce((sum, { line }) => sum + line.length, 0);
    this.#batchCount = batch.length;
    while (!signal.aborted) {
      try {
        await this.#during(log, this.#send(batch));
        this.#batchBytes = 0;
        this.#batchCount = 0;
        this.#outage.over(this.#dropped);
        this.#store(log, false);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const delayMs = this.#outage.failed(error, this.#dropped);
        this.#spare = batch.length;
        await this.#during(
          log,
          sleep(delayMs, undefined, { signal }).catch(() => undefined),
        );
        if (this.#spare === 0) return;
        this.#spare = 0;
      }
    }
  }

  async #send(batch: readonly LogMessage[]): Promise<void> {
    this.#sender ??= await this.#parts.openSender();
    await this.#sender.send(batch, this.#stop.signal);
  }

  /** Keeps the limits while something is under way. */
  async #during<T>(log: KeptLog, work: Promise<T>): Promise<T> {
    let isDone = false;
    const end = (): void => {
      isDone = true;
    };
    const finished = work.then(end, end);
    for (;;) {
      await Promise.race([finished, sleep(CHECK_MILLISECONDS)]);
      if (isDone) return work;
      await Promise.race([finished, this.#changed()]);
      if (isDone) return work;
      await this.#keepLimits(log);
    }
  }

  /** Drops what is too much, or lets the container wait. */
  async #keepLimits(log: KeptLog): Promise<void> {
    const { dropsBeyondBytes, holdsBeyondBytes, maxFiles } = this.#parts.limits;
    this.#drop(await log.follow(maxFiles));
    this.#unreadBytes = await log.unreadBytes();
    if (dropsBeyondBytes !== undefined) {
      if (this.#spare > 0 && this.#unreadBytes + this.#batchBytes > dropsBeyondBytes) this.#dropBatch();
      const excess = this.#unreadBytes + this.#batchBytes - dropsBeyondBytes;
      if (excess > 0) {
        this.#drop(await log.skip(excess));
        this.#unreadBytes = await log.unreadBytes();
      }
    }
    if (holdsBeyondBytes !== undefined) await this.#holdBeyond(holdsBeyondBytes);
  }

  async #holdBeyond(bytes: number): Promise<void> {
    const unsent = this.#unreadBytes + this.#batchBytes;
    if (unsent > bytes && !this.#ended) {
      if (Date.now() - this.#heldAt < HOLD_MILLISECONDS) return;
      this.#heldAt = Date.now();
      await this.#hold(true);
    } else if (this.#heldAt > 0 && unsent < bytes / 2) await this.#release();
  }

  async #release(): Promise<void> {
    if (this.#heldAt === 0) return;
    this.#heldAt = 0;
    await this.#hold(false);
  }

  async #hold(held: boolean): Promise<void> {
    try {
      await this.#parts.hold(held);
    } catch (error) {
      // The container has ended, or the supervisor is of an earlier release.
      this.#parts.logger.debug(
        { ...this.#parts.facts, error: messageOf(error) },
        'cannot hold the output of a container',
      );
    }
  }

  /** The batch is the oldest of what is not sent. */
  #dropBatch(): void {
    this.#drop(this.#spare);
    this.#spare = 0;
    this.#batchBytes = 0;
    this.#batchCount = 0;
  }

  #drop(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#parts.logger.warn(this.#parts.facts, 'messages of a log are dropped: its receiver does not take them');
  }

  #endDropping(): void {
    if (!this.#isDropping) return;
    this.#isDropping = false;
    this.#parts.logger.warn({ ...this.#parts.facts, dropped: this.#dropped }, 'no more messages of a log are dropped');
  }

  /** Resolves at the next change of the log or of this forwarder. */
  #changed(): Promise<void> {
    this.#change ??= this.#follower?.changed().then(() => {
      this.#change = undefined;
    });
    return this.#change ?? Promise.resolve();
  }

  /** Notes that everything that was read is sent or dropped. */
  #store(log: KeptLog, atOnce: boolean): void {
    if (!atOnce && Date.now() - this.#storedAt < STORE_MILLISECONDS) return;
    this.#write({ ...log.position, dropped: this.#dropped, complete: false });
  }

  #write(position: SentPosition): void {
    this.#storedAt = Date.now();
    try {
      writePosition(this.#parts.positionPath, position);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw error;
      this.#parts.logger.warn({ ...this.#parts.facts, error: messageOf(error) }, 'cannot store how far a log is sent');
    }
  }

  async #tellRest(): Promise<void> {
    if (!this.#countsRest || this.#log === undefined) return;
    const dropped = this.#batchCount + (await this.#log.skip(Number.POSITIVE_INFINITY));
    if (dropped === 0) return;
    this.#parts.logger.warn({ ...this.#parts.facts, dropped }, 'a container was removed before its log was sent');
  }

  async #close(): Promise<void> {
    this.#follower?.[Symbol.dispose]();
    await this.#release();
    await this.#tellRest();
    await this.#log?.close();
    await this.#sender?.close().catch(() => undefined);
  }
}
