import { join } from 'node:path';
import { EngineError } from '../../base/errors.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** The folder of fetched projects, which docker compose shares. @throws EngineError without a home */
export function cacheFolder(env: Variables): string {
  const cache = env['XDG_CACHE_HOME'];
  if (cache !== undefined && cache !== '') return join(cache, 'docker-compose');
  const home = env['HOME'];
  if (home !== undefined && home !== '') return join(home, '.cache', 'docker-compose');
  throw new EngineError('invalid', 'there is no folder for fetched files: neither XDG_CACHE_HOME nor HOME is set');
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** @throws EngineError when a variable turns this kind of remote off, or is no boolean */
export function checkEnabled(kind: 'git' | 'OCI', env: Variables): void {
  const name = `COMPOSE_EXPERIMENTAL_${kind.toUpperCase()}_REMOTE`;
  const value = env[name] ?? '';
  if (value === '' || TRUE.includes(value)) return;
  if (FALSE.includes(value)) throw new EngineError('invalid', `${kind} remote resource is disabled by "${name}"`);
  throw new EngineError('invalid', `${name} must be true or false, not ${JSON.stringify(value)}`);
}
