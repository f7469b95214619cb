import type { RepositoryName } from '../names.ts';
import { matchesRepository } from '../repository-pattern.ts';
import type { Action, Caller } from './caller.ts';

/**
 * One line of the configuration: a user's rights on some repositories. Rights add up. Without a right an action is
 * refused.
 */
export interface Right {
  /** A user's name, `*` for every logged-in user, `anonymous` for everybody. */
  readonly user: string;
  /** A pattern for {@link matchesRepository}. */
  readonly repositories: string;
  readonly actions: readonly Action[];
}

/** The default: every logged-in user has all rights. */
export const EVERYTHING: readonly Right[] = [{ user: '*', repositories: '**', actions: ['pull', 'push', 'delete'] }];

/** A caller with the rights of that name. Undefined for an anonymous caller. */
export function callerWith(rights: readonly Right[], name: string | undefined): Caller {
  const own = rights.filter(
    ({ user }) => user === 'anonymous' || (name !== undefined && (user === '*' || user === name)),
  );
  return {
    name,
    may: (action: Action, repository: RepositoryName) =>
      own.some(({ actions, repositories }) => actions.includes(action) && matchesRepository(repositories, repository)),
    mayList: own.some(({ actions }) => actions.includes('pull')),
  };
}

/** Whether a logged-in user may pull from repositories from which an anonymous caller may not. */
export function loginShowsMore(rights: readonly Right[]): boolean {
  const pulls = rights.filter(({ actions }) => actions.includes('pull'));
  const open = new Set(pulls.filter(({ user }) => user === 'anonymous').map(({ repositories }) => repositories));
  return !open.has('**') && pulls.some(({ repositories }) => !open.has(repositories));
}
