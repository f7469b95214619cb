import type { Duplex } from 'node:stream';
import { EngineError, invalid } from '../../base/errors.ts';
import { connectGrpc } from '../../grpc/index.ts';
import { clientSession } from './client-session.ts';
import { createReceiveThreads } from './file-sync/receive-threads.ts';
import type { Session, Sessions } from './session.ts';
import { watchHealth } from './watch-health.ts';

/** A client that has connected, and waits for calls. */
export interface NewSession {
  readonly id: string;
  readonly sharedKey: string;
  /** Full names of methods, such as `/moby.filesync.v1.FileSync/DiffCopy`. */
  readonly methods: readonly string[];
  readonly connection: Duplex;
}

export interface OpenSessions extends Sessions, AsyncDisposable {
  /**
   * Takes a client's connection over: the client is the server on it. Resolves when the session has ended. `signal` ends it.
   * @throws EngineError invalid for a session without an id; conflict while one with its id lives
   */
  accept(session: NewSession, signal: AbortSignal): Promise<void>;
  /** Takes a session in whose client is the engine itself. Disposing removes it. */
  offer(session: Session): Disposable;
}

/** How long a build waits for its session, which is a connection of its own. */
const WAIT_MILLISECONDS = 5000;
/** An id is made by the client, and is a word of 25 characters. */
const ID = /^[\x21-\x7e]{1,256}$/;

export function createSessions(): OpenSessions {
  const threads = createReceiveThreads();
  const stop = new AbortController();
  const sessions = new Map<string, Session>();
  const ends = new Set<Promise<void>>();
  /** Called when a session comes. */
  const waiting = new Map<string, Set<(session: Session) => void>>();

  const run = async ({ id, sharedKey, methods, connection }: NewSession, signal: AbortSignal): Promise<void> => {
    const ended = new AbortController();
    const end = AbortSignal.any([signal, stop.signal]);
    const client = connectGrpc(connection);
    const session = clientSession({ client, threads, id, sharedKey, methods, ended: ended.signal });
    const close = (): void => client.close();
    end.addEventListener('abort', close, { once: true });
    if (end.aborted) close();
    sessions.set(id, session);
    for (const found of waiting.get(id) ?? []) found(session);
    watchHealth(client, ended.signal);
    await client.closed;
    end.removeEventListener('abort', close);
    sessions.delete(id);
    ended.abort(new EngineError('unavailable', `session ${id} has ended`));
    connection.destroy();
  };

  return {
    async accept(session, signal) {
      if (!ID.test(session.id)) throw invalid('invalid session id');
      if (sessions.has(session.id)) throw new EngineError('conflict', `session ${session.id} already exists`);
      const ending = run(session, signal);
      ends.add(ending);
      await ending.finally(() => ends.delete(ending));
    },
    offer(session) {
      sessions.set(session.id, session);
      return { [Symbol.dispose]: () => void sessions.delete(session.id) };
    },
    async get(id, signal) {
      const known = sessions.get(id);
      if (known !== undefined) return known;
      return await next(waiting, id, AbortSignal.any([signal, stop.signal]));
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new EngineError('cancelled', 'the engine stops'));
      await Promise.allSettled(ends);
      await threads[Symbol.asyncDispose]();
    },
  };
}

/** Waits for a session to come. @throws EngineError notFound, cancelled */
async function next(
  waiting: Map<string, Set<(session: Session) => void>>,
  id: string,
  signal: AbortSignal,
): Promise<Session> {
  const { promise, resolve, reject } = Promise.withResolvers<Session>();
  const onAbort = (): void => reject(new EngineError('cancelled', 'context canceled'));
  const timer = setTimeout(() => reject(new EngineError('notFound', `no active session for ${id}`)), WAIT_MILLISECONDS);
  const waiters = waiting.get(id) ?? new Set();
  waiting.set(id, waiters.add(resolve));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    waiters.delete(resolve);
    if (waiters.size === 0) waiting.delete(id);
  }
}
