import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../base/logger.ts';
import { type Config, DEFAULT_SOCKET, FALLBACK_SOCKET, type HostAddress } from './config/config.ts';
import { listenOnUnix, serverAt } from './listen-on-unix.ts';
import { startListening } from './start-listening.ts';

/** Interval at which a closing server looks for connections without a request. */
const SWEEP_MS = 20;

export interface ListenDeps {
  createServer(address: HostAddress): Server;
  readonly logger: Logger;
}

/** Open sockets of the API. Disposing stops accepting, ends every connection and removes socket files. */
export interface Listeners extends AsyncDisposable {
  /** In the form of `DOCKER_HOST`. */
  readonly addresses: readonly string[];
  /** Stops accepting, and waits for requests in progress, for at most this long. */
  drain(milliseconds: number): Promise<void>;
}

/** @throws EngineError conflict when an address is in use */
export async function listen(deps: ListenDeps, config: Config): Promise<Listeners> {
  await using opened = new AsyncDisposableStack();
  const addresses: string[] = [];
  const servers: Server[] = [];
  const connections = new Set<Socket>();
  const hosts = config.hostsDefaulted ? [await defaultSocket(deps.logger)] : config.hosts;
  for (const host of hosts) {
    const server = deps.createServer(host);
    server.prependListener('connection', (socket: Socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    });
    servers.push(server);
    opened.defer(() => closeServer(server));
    if (host.kind === 'unix') {
      opened.use(await listenOnUnix(server, host.path, { group: config.socketGroup, logger: deps.logger }));
      addresses.push(`unix://${host.path}`);
    } else {
      addresses.push(await listenOnTcp(server, host));
    }
  }
  opened.defer(() => {
    for (const socket of connections) socket.destroy();
  });
  const kept = opened.move();
  return {
    addresses,
    async drain(milliseconds) {
      const closed = Promise.all(servers.map(closeServer));
      // A kept-alive connection is idle once its response is complete.
      const sweep = (): void => servers.forEach((server) => void server.closeIdleConnections());
      sweep();
      using _sweeping = every(SWEEP_MS, sweep);
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      await Promise.race([closed, late]);
      clearTimeout(timer);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function every(milliseconds: number, action: () => void): Disposable {
  const timer = setInterval(action, milliseconds);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function closeServer(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** Docker's own socket, unless another engine serves it, so that clients need no setting. */
async function defaultSocket(logger: Logger): Promise<HostAddress> {
  if ((await serverAt(DEFAULT_SOCKET)) === 'none') return { kind: 'unix', path: DEFAULT_SOCKET };
  logger.info({ taken: DEFAULT_SOCKET, instead: FALLBACK_SOCKET }, 'another engine serves the default socket');
  return { kind: 'unix', path: FALLBACK_SOCKET };
}

async function listenOnTcp(server: Server, host: Extract<HostAddress, { kind: 'tcp' }>): Promise<string> {
  await startListening(server, { host: host.host, port: host.port }, `tcp://${host.host}:${host.port}`);
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : host.port;
  return `tcp://${host.host.includes(':') ? `[${host.host}]` : host.host}:${port}`;
}
