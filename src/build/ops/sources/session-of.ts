import { EngineError } from '../../../base/errors.ts';
import type { Session } from '../../session/index.ts';
import type { StepContext } from '../../solver/index.ts';
import { askSessions } from './ask-sessions.ts';
import type { SourceDeps } from './source.ts';

/** The session that a source names, else one of a build that waits for the step. @throws EngineError notFound */
export async function sessionOf(
  id: string,
  deps: Pick<SourceDeps, 'sessions' | 'builds'>,
  context: StepContext,
): Promise<Session> {
  if (id !== '') return await deps.sessions.get(id, context.signal);
  const session = await askSessions(deps, context, async (found) => found);
  if (session === undefined) throw new EngineError('notFound', 'no local sources enabled');
  return session;
}
