import type { RepositoryName } from '../names.ts';

export type Action = 'pull' | 'push' | 'delete';

/** Who asks, and what they may do. */
export interface Caller {
  /** Undefined for nobody in particular. */
  readonly name: string | undefined;
  may(action: Action, repository: RepositoryName): boolean;
  /** Whether the catalogue may be listed; what is in it is still only what may be pulled. */
  readonly mayList: boolean;
}

/** Where no users are configured, everybody may do everything. */
export const ANYBODY: Caller = { name: undefined, may: () => true, mayList: true };
