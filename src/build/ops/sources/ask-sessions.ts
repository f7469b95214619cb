import type { Session } from '../../session/index.ts';
import type { StepContext } from '../../solver/index.ts';
import type { SourceDeps } from './source.ts';

/**
 * Asks the clients of the builds that wait for a step, oldest first. Returns the first answer that is not undefined. A
 * client that has gone is passed over.
 */
export async function askSessions<T>(
  { sessions, builds }: Pick<SourceDeps, 'sessions' | 'builds'>,
  context: StepContext,
  ask: (session: Session) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const id of context.builds()) {
    const sessionId = builds.get(id)?.sessionId ?? '';
    if (sessionId === '') continue;
    const session = await sessions.get(sessionId, context.signal).catch(() => undefined);
    const answer = session && (await ask(session));
    if (answer !== undefined) return answer;
  }
  return undefined;
}
