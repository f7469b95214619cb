import type { ContainerRecord } from './record.ts';

/** How the delivery of a container's log to its receiver stands. */
export interface DeliveryState {
  /** Messages that will never be sent: their buffer was full, or the log rotated beyond them. */
  readonly dropped: number;
  /** Bytes of the kept log that the receiver has not got. */
  readonly unsentBytes: number;
  /** Why the last attempt failed. Empty when it did not. */
  readonly error: string;
}

/**
 * Sends the logs of containers whose driver has a receiver. Its methods do nothing for other containers.
 *
 * One life: `begin` before a start of the container, or when the engine starts; `ended` when its last line is in the log; `remove` when it
 * is removed. What is not sent then is dropped. `close` before the engine ends: the next one goes on.
 */
export interface LogDelivery {
  /** May be repeated. @throws EngineError invalid, in dockerd's words, for options that the driver refuses */
  begin(record: ContainerRecord): Promise<void>;
  /** After a restart of the engine. Never throws. `runs`: whether the container may still write. */
  resume(record: ContainerRecord, runs: boolean): void;
  /** The container has ended: what is left is sent. */
  ended(containerId: string): void;
  /** Resolves when nothing is sent any more: at once when all was, else after a short grace. */
  remove(containerId: string): Promise<void>;
  /** Undefined for a container without a receiver. */
  state(record: ContainerRecord): DeliveryState | undefined;
  close(): Promise<void>;
}
