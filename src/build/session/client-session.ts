import { EngineError } from '../../base/errors.ts';
import { code, type GrpcClient, GrpcError } from '../../grpc/index.ts';
import { auth } from '../../grpc/messages/auth.ts';
import { secrets } from '../../grpc/messages/secrets.ts';
import { ssh } from '../../grpc/messages/sshforward.ts';
import { clientContent } from './client-content.ts';
import { receiveDirectory } from './file-sync/receive-directory.ts';
import type { ReceiveThreads } from './file-sync/receive-threads.ts';
import { sendDirectory } from './file-sync/send-directory.ts';
import { forwardAgent } from './forward-agent.ts';
import { pullUpload } from './pull-upload.ts';
import { sendFile } from './send-file.ts';
import type { Session } from './session.ts';
import { sessionError } from './session-errors.ts';

export interface ClientSessionParts extends Pick<Session, 'id' | 'sharedKey' | 'ended'> {
  readonly client: GrpcClient;
  readonly threads: ReceiveThreads;
  /** What the client says that it serves. */
  readonly methods: readonly string[];
}

/** A client gives small documents as secrets. */
const SECRET_BYTES_MAX = 500 * 1024;
/** Clients keep the login of Docker Hub under the host that serves it. */
const HUB = { domain: 'docker.io', host: 'registry-1.docker.io' } as const;

/** The services of a client on its connection. */
export function clientSession({ client, threads, methods, id, sharedKey, ended }: ClientSessionParts): Session {
  const served = new Set(methods.map((method) => method.toLowerCase()));
  const supports = (method: string): boolean => served.has(method.toLowerCase());
  return {
    ...{ id, sharedKey, ended, supports },
    receiveDirectory: (request, signal) => asEngine(receiveDirectory({ client, threads }, request, signal)),
    sendDirectory: (request, signal) => asEngine(sendDirectory(client, request, signal)),
    sendFile: (request, signal) => asEngine(sendFile(client, request, signal)),
    upload: (url, signal) => asEngine(pullUpload(client, url, signal)),
    async secret(secretId, signal) {
      if (!supports(secrets.GetSecret.path)) return undefined;
      const found = await unlessAbsent(client.unary(secrets.GetSecret, { ID: secretId }, {}, signal));
      if (found !== undefined && found.data.length > SECRET_BYTES_MAX) {
        throw new EngineError('tooLarge', `secret ${secretId} is larger than ${SECRET_BYTES_MAX} bytes`);
      }
      return found?.data;
    },
    async checkSsh(agentId, signal) {
      if (!supports(ssh.CheckAgent.path)) throw noAgent(agentId);
      const found = await unlessAbsent(client.unary(ssh.CheckAgent, { ID: agentId }, {}, signal));
      if (found === undefined) throw noAgent(agentId);
    },
    forwardSsh: async (agentId, signal) => forwardAgent(client, agentId, signal),
    async credentials(host, signal) {
      // Asked in any case: there are clients that do not say which services they have.
      const request = { Host: host === HUB.domain ? HUB.host : host };
      const found = await unlessAbsent(client.unary(auth.Credentials, request, {}, signal));
      if (found === undefined || (found.Username === '' && found.Secret === '')) return undefined;
      return { username: found.Username, secret: found.Secret };
    },
    content: (storeId) => clientContent(client, storeId),
  };
}

async function asEngine<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw sessionError(error);
  }
}

/** Undefined where the client has no such thing, or no such service. @throws EngineError */
async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const status = error instanceof GrpcError ? error.code : undefined;
    if (status === code.notFound || status === code.unimplemented) return undefined;
    throw sessionError(error);
  }
}

function noAgent(id: string): EngineError {
  return new EngineError('notFound', `unset ssh forward key ${id === '' ? 'default' : id}`);
}
