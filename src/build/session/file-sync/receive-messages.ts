import type { ErrorKind } from '../../../base/errors.ts';
import type { ReceivedTree } from '../session.ts';

export interface ReceiveJob {
  /** On the host. It exists. */
  readonly folder: string;
  /** Whether a file of equal size and time is not asked for. */
  readonly reusesFiles: boolean;
}

/** A thread does one job at a time. */
export type ToReceiver =
  | { readonly kind: 'begin'; readonly job: ReceiveJob }
  /** Encoded packets, as `PacketBatch` has them. The thread returns the buffer. */
  | { readonly kind: 'packets'; readonly buffer: ArrayBuffer; readonly length: number }
  /** Gives the job up. */
  | { readonly kind: 'stop' };

export type FromReceiver =
  | { readonly kind: 'taken'; readonly buffer: ArrayBuffer; readonly requests: readonly number[] }
  | { readonly kind: 'complete'; readonly tree: ReceivedTree }
  | { readonly kind: 'failed'; readonly failure: { readonly kind: ErrorKind; readonly message: string } }
  | { readonly kind: 'stopped' };
