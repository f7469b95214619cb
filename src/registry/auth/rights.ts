import type { RepositoryName } from '../names.ts';
import { matchesRepository } from '../repository-pattern.ts';
import type { Action, Caller } from './caller.ts';

/** One line of the configuration: who may do what where. Rights add up; what no line gives is refused. */
export interface Right {
  /** A user's name, `*` for everybody who has logged in, `anonymous` for everybody. */
  readonly user: string;
  /** As {@link matchesRepository} takes it. */
  readonly repositories: string;
  readonly actions: readonly Action[];
}

/** Where nothing is configured: whoever has logged in may do everything. */
export const EVERYTHING: readonly Right[] = [{ user: '*', repositories: '**', actions: ['pull', 'push', 'delete'] }];

/** A caller with what the lines give to that name; undefined for nobody in particular. */
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

/** Whether somebody who has logged in may pull from repositories that nobody in particular may not pull from. */
export function loginShowsMore(rights: readonly Right[]): boolean {
  const pulls = rights.filter(({ actions }) => actions.includes('pull'));
  const open = new Set(pulls.filter(({ user }) => user === 'anonymous').map(({ repositories }) => repositories));
  return !open.has('**') && pulls.some(({ repositories }) => !open.has(repositories));
}
