import type { Digest } from '../../base/ids.ts';

/** What a build tells its client, in order. Times are milliseconds since the epoch. */
export type Progress =
  | { readonly kind: 'vertex'; readonly vertex: VertexProgress }
  | { readonly kind: 'status'; readonly vertex: Digest; readonly status: StepStatus & { readonly at: number } }
  | {
      readonly kind: 'log';
      readonly vertex: Digest;
      readonly stream: 1 | 2;
      readonly bytes: Uint8Array;
      readonly at: number;
    }
  | { readonly kind: 'warning'; readonly vertex: Digest; readonly warning: StepWarning };

/** A step, as a whole, each time that it changes: announced, started, completed. */
export interface VertexProgress {
  readonly digest: Digest;
  readonly name: string;
  readonly inputs: readonly Digest[];
  readonly progressGroup?: ProgressGroup | undefined;
  readonly started?: number;
  readonly completed?: number;
  readonly cached?: boolean;
  readonly error?: string;
}

/** Steps that a client shows as one. */
export interface ProgressGroup {
  readonly id: string;
  readonly name: string;
  readonly weak: boolean;
}

/** A part of a step's work. `current` and `total` have the unit of the work, mostly bytes. */
export interface StepStatus {
  /** The text that is shown, and the identity of the part. */
  readonly id: string;
  readonly name?: string;
  readonly current?: number;
  readonly total?: number;
  readonly started?: number;
  readonly completed?: number;
}

export interface StepWarning {
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  /** How important it is; 1 is the most. */
  readonly level?: number;
  readonly place?: SourcePlace | undefined;
}

/** Lines of a source file. 1 is the first. */
export interface SourcePlace {
  readonly source: { readonly filename: string; readonly language: string; readonly data: Uint8Array };
  readonly ranges: readonly { readonly start: SourcePosition; readonly end: SourcePosition }[];
}

interface SourcePosition {
  readonly line: number;
  readonly character: number;
}

/** A build that needs steps, and hears of them. */
export interface Builder {
  readonly id: string;
  readonly send: (progress: Progress) => void;
}
