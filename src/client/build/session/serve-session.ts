import { randomBytes } from 'node:crypto';
import { code, createGrpcServer, GrpcError, type Served, serve } from '../../../grpc/index.ts';
import { auth } from '../../../grpc/messages/auth.ts';
import { health } from '../../../grpc/messages/health.ts';
import { secrets } from '../../../grpc/messages/secrets.ts';
import { upload } from '../../../grpc/messages/upload.ts';
import type { Engine } from '../../engine-client.ts';
import type { BuildOutput, SessionOffer } from '../builder.ts';
import { serveDirectories } from '../directories/serve-directories.ts';
import { openSessionConnection } from '../open-connections.ts';
import { serveAgents } from './serve-agents.ts';
import { serveResults } from './serve-results.ts';

/** Of BuildKit. */
const SECRET_BYTES_MAX = 500 * 1024;
const SERVING = 1;

export interface ClientSession extends AsyncDisposable {
  readonly id: string;
}

/** Serves what a build may ask of the client, until it is disposed. @throws EngineError when the engine refuses the session */
export async function serveSession(
  engine: Pick<Engine, 'hijack'>,
  { offer, outputs }: { readonly offer: SessionOffer; readonly outputs: readonly BuildOutput[] },
  signal: AbortSignal,
): Promise<ClientSession> {
  const id = randomBytes(16).toString('hex');
  const served = services(offer, outputs);
  const methods = served.map(({ method }) => method.path);
  const connection = await openSessionConnection(engine, { id, sharedKey: offer.sharedKey, methods }, signal);
  const stop = new AbortController();
  const serving = createGrpcServer(served).serve(connection, stop.signal);
  return {
    id,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await serving;
    },
  };
}

function services(offer: SessionOffer, outputs: readonly BuildOutput[]): readonly Served[] {
  return [
    ...serve(health, { Check: async () => ({ status: SERVING }) }),
    ...serveDirectories(offer.directories),
    ...serve(auth, {
      async Credentials({ Host }) {
        const { username, secret } = await offer.login(Host);
        return { Username: username, Secret: secret };
      },
    }),
    ...serveSecrets(offer.secrets),
    ...serveAgents(offer.agents),
    ...serveUploads(offer.uploads),
    ...serveResults(outputs, offer.stores),
  ];
}

function serveSecrets(known: SessionOffer['secrets']): readonly Served[] {
  return serve(secrets, {
    async GetSecret({ ID: id }) {
      const read = Object.hasOwn(known, id) ? known[id] : undefined;
      if (read === undefined) throw new GrpcError(code.notFound, `secret ${id} not found`);
      const data = await read();
      if (data.length > SECRET_BYTES_MAX)
        throw new GrpcError(code.invalidArgument, `secret ${id} is larger than ${SECRET_BYTES_MAX} bytes`);
      return { data };
    },
  });
}

function serveUploads(known: SessionOffer['uploads']): readonly Served[] {
  return serve(upload, {
    async *Pull(_requests, { metadata }) {
      const id = (metadata.get('urlpath') ?? '').replace(/^\//, '');
      const stream = Object.hasOwn(known, id) ? known[id] : undefined;
      if (stream === undefined) throw new GrpcError(code.notFound, `no upload ${id}`);
      for await (const data of stream) yield { data };
    },
  });
}
