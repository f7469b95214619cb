import { chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { conflict, EngineError, errnoOf, invalid, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { UNIX_PATH_MAX } from '../linux/index.ts';
import { type Config, DEFAULT_SOCKET, FALLBACK_SOCKET, type HostAddress } from './config/config.ts';

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
      await listenOnUnix(server, host.path, config.socketGroup, deps.logger);
      opened.defer(() => rmSync(host.path, { force: true }));
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

async function listenOnUnix(server: Server, path: string, group: string | undefined, logger: Logger): Promise<void> {
  if (Buffer.byteLength(path) > UNIX_PATH_MAX) throw invalid(`socket path too long: ${path}`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const before = await serverAt(path);
  if (before === 'alive') throw conflict(`cannot listen on unix://${path}: another process serves it`);
  if (before === 'foreign') throw conflict(`cannot listen on unix://${path}: the path exists and is no socket`);
  rmSync(path, { force: true });
  const gid = groupId(group, logger);
  // bind(2) makes the file with the current umask. Node binds before listen() returns.
  const umask = process.umask(0o117);
  try {
    await started(server, () => server.listen({ path }), `unix://${path}`);
  } finally {
    process.umask(umask);
  }
  if (gid !== undefined) chownSync(path, 0, gid);
}

async function listenOnTcp(server: Server, host: Extract<HostAddress, { kind: 'tcp' }>): Promise<string> {
  await started(server, () => server.listen({ host: host.host, port: host.port }), `tcp://${host.host}:${host.port}`);
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : host.port;
  return `tcp://${host.host.includes(':') ? `[${host.host}]` : host.host}:${port}`;
}

function started(server: Server, start: () => void, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: Error): void => {
    const taken = errnoOf(error) === 'EADDRINUSE';
    reject(
      taken
        ? conflict(`cannot listen on ${address}: address already in use`)
        : new EngineError('failed', `cannot listen on ${address}: ${messageOf(error)}`, { cause: error }),
    );
  };
  server.once('error', onError);
  server.once('listening', () => {
    server.off('error', onError);
    resolve();
  });
  start();
  return promise;
}

/** Examines a socket path: nothing (or the socket of a dead server), a live server, or another file. */
async function serverAt(path: string): Promise<'none' | 'alive' | 'foreign'> {
  try {
    if (!statSync(path).isSocket()) return 'foreign';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'none';
    throw error;
  }
  const { promise, resolve } = Promise.withResolvers<'none' | 'alive'>();
  const probe = connect({ path });
  probe.once('connect', () => resolve('alive'));
  probe.once('error', (error) => resolve(errnoOf(error) === 'ECONNREFUSED' ? 'none' : 'alive'));
  const found = await promise;
  probe.destroy();
  return found;
}

/** The group `docker` where it exists. A group that was named explicitly must exist. @throws EngineError invalid */
function groupId(name: string | undefined, logger: Logger): number | undefined {
  if (name === '') return undefined;
  const wanted = name ?? 'docker';
  if (/^\d+$/.test(wanted)) return Number(wanted);
  const line = readGroups()
    .split('\n')
    .find((entry) => entry.startsWith(`${wanted}:`));
  const gid = Number(line?.split(':')[2]);
  if (Number.isSafeInteger(gid)) return gid;
  if (name !== undefined) throw invalid(`group ${name} not found`);
  logger.debug({}, 'no group docker: only root may use the socket');
  return undefined;
}

function readGroups(): string {
  try {
    return readFileSync('/etc/group', 'utf8');
  } catch {
    return '';
  }
}
