import { readFileSync } from 'node:fs';
import { connect as connectNet, type Socket } from 'node:net';
import { EngineError, errnoOf, messageOf } from '../base/errors.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';

/**
 * Opens a connection to the first endpoint that accepts one. The connection may be half-closed, so that the end of the
 * request can be distinguished from the end of the response.
 * @throws EngineError unavailable, with advice for the user; cancelled
 */
export async function connectFirst(
  endpoints: readonly Endpoint[],
  signal: AbortSignal | undefined,
): Promise<{ socket: Socket; endpoint: Endpoint }> {
  let failure: EngineError | undefined;
  for (const endpoint of endpoints) {
    try {
      return { socket: await connect(endpoint, signal), endpoint };
    } catch (error) {
      if (signal?.aborted === true) throw new EngineError('cancelled', 'cancelled', { cause: error });
      const explained = explain(endpoint, error, endpoints);
      // A socket without permission is a better explanation than a missing one.
      if (failure === undefined || errnoOf(error) === 'EACCES') failure = explained;
    }
  }
  throw failure ?? new EngineError('unavailable', 'no endpoint to connect to');
}

async function connect(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<Socket> {
  const socket = await open(endpoint);
  const onAbort = (): void => void socket.destroy(new Error('cancelled'));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const connected = new Promise<Socket>((resolve, reject) => {
    socket.once('error', reject);
    socket.once(endpoint.kind === 'tcp' && endpoint.tls !== undefined ? 'secureConnect' : 'connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
  return await connected.finally(() => signal?.removeEventListener('abort', onAbort));
}

async function open(endpoint: Endpoint): Promise<Socket> {
  if (endpoint.kind === 'unix') return connectNet({ path: endpoint.path, allowHalfOpen: true });
  const { host, port, tls } = endpoint;
  if (tls === undefined) return connectNet({ host, port, noDelay: true, allowHalfOpen: true });
  const { connect: connectTls } = await import('node:tls');
  return connectTls({
    host,
    port,
    servername: host,
    rejectUnauthorized: tls.verify,
    ...(tls.verify ? { ca: readFileSync(tls.caFile) } : {}),
    ...clientCertificate(tls.certFile, tls.keyFile),
    ALPNProtocols: ['http/1.1'],
    allowHalfOpen: true,
  } as import('node:tls').ConnectionOptions);
}

function clientCertificate(certFile: string, keyFile: string): { cert?: Buffer; key?: Buffer } {
  try {
    return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw error;
  }
}

function explain(endpoint: Endpoint, error: unknown, tried: readonly Endpoint[]): EngineError {
  const where = formatEndpoint(endpoint);
  const code = errnoOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new EngineError(
      'unavailable',
      `permission denied while trying to connect to the docker API at ${where}\n\n` +
        `Run the command with sudo, or let your user use the engine: sudo usermod -aG docker "$USER", then log in again.`,
      { cause: error },
    );
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK' || code === 'ENOTDIR') {
    const others = tried.filter((other) => other !== endpoint).map(formatEndpoint);
    return new EngineError(
      'unavailable',
      `Cannot connect to the Docker daemon at ${where}. Is the docker daemon running?\n\n` +
        (others.length > 0 ? `Also tried ${others.join(', ')}. ` : '') +
        `Start the engine with 'sudo gantryd', or set DOCKER_HOST (or -H) to the engine's address.`,
      { cause: error },
    );
  }
  return new EngineError('unavailable', `error during connect: ${where}: ${messageOf(error)}`, { cause: error });
}
