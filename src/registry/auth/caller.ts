import type { RepositoryName } from '../names.ts';

export type Action = 'pull' | 'push' | 'delete';

/** The caller of a request, and its rights. */
export interface Caller {
  /** Undefined for an anonymous caller. */
  readonly name: string | undefined;
  may(action: Action, repository: RepositoryName): boolean;
  /** Whether the caller may list the catalogue. It contains only repositories from which the caller may pull. */
  readonly mayList: boolean;
}

/** The caller when no users are configured: everything is allowed. */
export const ANYBODY: Caller = { name: undefined, may: () => true, mayList: true };
