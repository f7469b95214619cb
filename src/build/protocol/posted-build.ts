import { randomUUID } from 'node:crypto';
import { EngineError } from '../../base/errors.ts';
import { code, encode, toGrpcError } from '../../grpc/index.ts';
import { statusResponse } from '../../grpc/messages/control.ts';
import type { Builder, PostedBuild } from '../builder.ts';
import { type OpenSessions, postedSession, type SessionCredentials } from '../session/index.ts';
import type { Progress } from '../solver/index.ts';
import type { BuildServer } from './create-build-server.ts';
import { postedRequest } from './posted-request.ts';
import type { PostedUploads } from './posted-uploads.ts';
import { statusMessages } from './status-messages.ts';

export interface PostedBuildDeps {
  readonly solve: BuildServer['solve'];
  readonly sessions: Pick<OpenSessions, 'get' | 'offer'>;
  readonly uploads: PostedUploads;
  /** The address for `host-gateway`, if there is one. */
  readonly hostGateway: () => string | undefined;
}

const UPLOAD_PREFIX = 'upload-request:';

type Message = Readonly<Record<string, unknown>>;

/**
 * Runs a build that came as one request (`POST /build?version=2`). Its messages are dockerd's: `moby.buildkit.trace` with a
 * `StatusResponse` in base64, and `moby.image.id`. A quiet build tells the image's id alone, or, when it fails, everything.
 * A request may also bring only the context of another one ({@link PostedUploads}).
 * @throws EngineError
 */
export async function buildPosted(deps: PostedBuildDeps, posted: PostedBuild, client: PostedClient): Promise<void> {
  const { id, remote, body } = posted;
  if (id.startsWith(UPLOAD_PREFIX)) {
    await deps.uploads.offer(id.slice(UPLOAD_PREFIX.length), body, client.signal);
  } else if (remote === 'upload-request') {
    using upload = await deps.uploads.take(id, client.signal);
    await runPosted(deps, { ...posted, remote: '', body: upload.body }, client);
  } else await runPosted(deps, posted, client);
}

interface PostedClient {
  readonly send: Parameters<Builder['build']>[1];
  readonly signal: AbortSignal;
}

async function runPosted(
  { solve, sessions, hostGateway }: PostedBuildDeps,
  posted: PostedBuild,
  { send, signal }: PostedClient,
): Promise<void> {
  const sessionId = posted.remote === 'client-session' ? posted.sessionId : randomUUID();
  const url = `http://buildkit-session/${sessionId}`;
  const request = postedRequest(posted, { sessionId, url, hostGateway: hostGateway() });
  const offered = { id: sessionId, url, body: posted.body, clientId: posted.sessionId };
  using _session =
    sessionId === posted.sessionId
      ? undefined
      : sessions.offer(postedSession({ ...offered, credentials: credentialsOf(posted) }, sessions));
  const held: Message[] = [];
  const tell = (message: Message): void => void (posted.isQuiet ? held.push(message) : send(message));
  let told: Promise<void> | undefined;
  try {
    const { ExporterResponse } = await solve(request, signal, (run) => {
      told = trace(run.progress.read(signal), tell);
    });
    await told;
    const response = new Map(ExporterResponse);
    const id = response.get('containerimage.config.digest') ?? response.get('containerimage.digest');
    if (id !== undefined) send(posted.isQuiet ? { stream: `${id}\n` } : { id: 'moby.image.id', aux: { ID: id } });
  } catch (error) {
    await told;
    for (const message of held) send(message);
    throw engineError(error);
  }
}

async function trace(pieces: AsyncIterable<readonly Progress[]>, tell: (message: Message) => void): Promise<void> {
  for await (const some of pieces) {
    for (const message of statusMessages(some)) {
      tell({ id: 'moby.buildkit.trace', aux: encode(statusResponse, message).toString('base64') });
    }
  }
}

function credentialsOf({ credentials }: PostedBuild): (domain: string) => SessionCredentials | undefined {
  return (domain) => {
    const found = credentials(domain);
    if (found.kind === 'password') return { username: found.username, secret: found.password };
    return found.kind === 'identityToken' ? { username: '', secret: found.token } : undefined;
  };
}

function engineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { code: status, message } = toGrpcError(error);
  const kind = status === code.invalidArgument ? 'invalid' : status === code.cancelled ? 'cancelled' : 'failed';
  return new EngineError(kind, message, { cause: error });
}
