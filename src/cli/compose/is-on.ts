import type { Project } from '../../compose/index.ts';

const YES: ReadonlySet<string> = new Set(['1', 't', 'true', 'y']);

/** Whether a variable such as COMPOSE_REMOVE_ORPHANS says yes, also one of the project's `.env`. Other words are a no, as with docker compose. */
export function isOn({ environment }: Pick<Project, 'environment'>, variable: string): boolean {
  return YES.has((environment.get(variable) ?? '').trim().toLowerCase());
}
