import type { RepositoryName } from '../names.ts';
import type { Action } from './caller.ts';

/** The rights that a request requires: actions in a repository, or `list` for the catalogue. */
export type Needs =
  | { readonly repository: RepositoryName; readonly actions: readonly Action[] }
  | { readonly list: true };
