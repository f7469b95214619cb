import type { Digest } from '../../../base/ids.ts';
import type { PathSelection } from './path-selection.ts';

/** A job on files of a root. Synchronous, in a thread. `root` is a path on the host. */
export type RootJob = { readonly kind: 'sum'; readonly root: string; readonly selections: readonly PathSelection[] };

export interface RootResults {
  /** One for each selection. */
  readonly sum: readonly Digest[];
}
