import { Duplex, duplexPair } from 'node:stream';
import { code, createGrpcServer, GrpcError, type Served, serve } from '../../../grpc/index.ts';
import { fileSync } from '../../../grpc/messages/filesync.ts';
import { health } from '../../../grpc/messages/health.ts';
import type { Session } from '../session.ts';
import { createSessions, type OpenSessions } from '../sessions.ts';
import { serveDirectory, type Transfer } from './directory-packets.ts';

/** A client that serves a session from this process, as the CLI does. */
export interface TestClient extends AsyncDisposable {
  readonly sessions: OpenSessions;
  readonly session: Session;
  readonly transfers: Transfer[];
  /** Resolves when the session has ended. */
  readonly ended: Promise<void>;
  /** Breaks the connection off. */
  leave(): void;
}

/** A signal that is never aborted. */
export const never = new AbortController().signal;
let serial = 0;

/** `directories` are served by name; `served` are further services. */
export async function connectClient(
  options: {
    readonly directories?: Readonly<Record<string, string>>;
    readonly served?: readonly Served[];
    readonly sessions?: OpenSessions;
    readonly sharedKey?: string;
  } = {},
): Promise<TestClient> {
  const transfers: Transfer[] = [];
  const { directories = {}, served = [] } = options;
  const sync = serve(fileSync, {
    async *DiffCopy(requests, { metadata }) {
      const name = metadata.get('dir-name') ?? '';
      const directory = Object.hasOwn(directories, name) ? directories[name] : undefined;
      if (directory === undefined) throw new GrpcError(code.notFound, `no access allowed to dir "${name}"`);
      const all = new Map([...metadata.names()].map((key) => [key, metadata.all(key)]));
      const transfer = { name, metadata: all, asked: [] };
      transfers.push(transfer);
      yield* serveDirectory(directory, requests, transfer);
    },
  });
  const alive = serve(health, { Check: async () => ({ status: 1 }) });
  const own = served.some(({ method }) => method.path === fileSync.DiffCopy.path);
  const all = [...(own ? [] : sync), ...alive, ...served];
  const sessions = options.sessions ?? createSessions();
  const [ours, theirs] = duplexPair();
  const stop = new AbortController();
  const serving = createGrpcServer(all).serve(theirs, stop.signal);
  serial += 1;
  const id = `session${process.pid}x${serial}`;
  const ended = sessions.accept(
    {
      id,
      sharedKey: options.sharedKey ?? '',
      methods: all.map(({ method }) => method.path),
      connection: Duplex.from(ours),
    },
    never,
  );
  ended.catch(() => undefined);
  const session = await sessions.get(id, never);
  return {
    ...{ sessions, session, transfers, ended },
    leave: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await serving;
      await ended;
      if (options.sessions === undefined) await sessions[Symbol.asyncDispose]();
    },
  };
}
