import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../base/logger.ts';
import type { PublishedPort } from './port-registry.ts';
import type { RelayBudget } from './relay-budget.ts';

/** Descriptors of a relayed connection. */
const SOCKETS = 2;

/** Idle UDP clients are dropped after this time. */
const UDP_IDLE_MS = 90_000;
/** Most clients of one UDP port at a time. Beyond it the oldest is dropped. */
const UDP_CLIENTS = 1024;

/** How long the container may take to accept a connection. */
export const CONNECT_MS = 30_000;
/** Idle connections are probed after this time, so that dead ones end. */
const KEEP_ALIVE_MS = 60_000;
/** A refused connection is logged at most this often per port. */
const TELL_MS = 60_000;

export interface RelayDeps {
  readonly logger: Logger;
  readonly budget: RelayBudget;
}

/** Serves a published port from its reserving socket. Disposing ends it and closes the socket. */
export type PortRelay = Disposable;

/** The container's address, which may change while a port is relayed. '' refuses all traffic. */
export type RelayTarget = () => string;

type ReservedPort = PublishedPort & { readonly fd: number };

/**
 * Copies traffic that arrives at the reserving socket itself to the container: IPv6 traffic to a container without IPv6,
 * traffic from ::1, and all traffic when others have flushed the firewall. Takes over `fd`. Does not keep the
 * process alive.
 */
export function relayPort(port: ReservedPort, target: RelayTarget, deps: RelayDeps): PortRelay {
  return port.protocol === 'udp' ? relayUdp(port, target, deps) : relayTcp(port, target, deps);
}

/** Connections beyond the budget are closed at once. */
function relayTcp({ fd, port, hostPort }: ReservedPort, target: RelayTarget, { logger, budget }: RelayDeps): PortRelay {
  const open = new Set<Socket>();
  let toldAt = Number.NEGATIVE_INFINITY;
  const tellRefused = (): void => {
    if (Date.now() - toldAt < TELL_MS) return;
    toldAt = Date.now();
    logger.warn({ hostPort }, 'too many relayed connections: new ones to a published port are closed');
  };
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const host = target();
    if (host === '') {
      client.destroy();
      return;
    }
    if (open.size + SOCKETS > budget.perPort || !budget.take(SOCKETS)) {
      client.destroy();
      tellRefused();
      return;
    }
    const container = connect({ host, port, allowHalfOpen: true });
    for (const socket of [client, container]) socket.once('close', () => budget.release(1));
    const timer = setTimeout(() => container.destroy(), CONNECT_MS).unref();
    container.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    splice(client, container, open);
  });
  server.on('error', (error) => logger.warn({ hostPort, error: error.message }, 'published port is not relayed'));
  server.listen({ fd });
  server.unref();
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Copies both directions with back-pressure. The end of one side is passed on; an error ends both. */
function splice(client: Socket, container: Socket, open: Set<Socket>): void {
  for (const [from, to] of [
    [client, container],
    [container, client],
  ] as const) {
    open.add(from);
    from.setNoDelay(true);
    from.setKeepAlive(true, KEEP_ALIVE_MS);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      open.delete(from);
      // Without an end, the connection was cut.
      if (!from.readableEnded) to.destroy();
    });
    from.pipe(to);
  }
}

interface UdpClient {
  readonly socket: UdpSocket;
  timer: NodeJS.Timeout;
}

/** When the budget is used up, a new client replaces the oldest client of the port. */
function relayUdp(
  { fd, port, hostPort, hostAddress }: ReservedPort,
  target: RelayTarget,
  { logger, budget }: RelayDeps,
): PortRelay {
  const clients = new Map<string, UdpClient>();
  const listener = createSocket(hostAddress.includes(':') ? 'udp6' : 'udp4');
  const forget = (key: string): void => {
    const client = clients.get(key);
    if (client === undefined) return;
    clients.delete(key);
    clearTimeout(client.timer);
    client.socket.close();
    budget.release(1);
  };
  const clientsMax = Math.min(UDP_CLIENTS, budget.perPort);
  const clientOf = (key: string, address: string, clientPort: number, host: string): UdpClient | undefined => {
    const known = clients.get(key);
    if (known !== undefined) {
      known.timer.refresh();
      return known;
    }
    const [oldest] = clients.keys();
    if (clients.size >= clientsMax || budget.left === 0) forget(oldest ?? '');
    if (!budget.take(1)) return undefined;
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4').unref();
    socket.on('error', () => forget(key));
    socket.on('message', (bytes) => listener.send(bytes, clientPort, address, ignore));
    const client = { socket, timer: setTimeout(() => forget(key), UDP_IDLE_MS).unref() };
    clients.set(key, client);
    return client;
  };
  listener.on('error', (error) => logger.warn({ hostPort, error: error.message }, 'published port is not relayed'));
  listener.on('message', (bytes, { address, port: clientPort }) => {
    const host = target();
    if (host === '') return;
    clientOf(`${address} ${clientPort} ${host}`, address, clientPort, host)?.socket.send(bytes, port, host, ignore);
  });
  listener.bind({ fd });
  listener.unref();
  return {
    [Symbol.dispose]() {
      for (const key of [...clients.keys()]) forget(key);
      listener.close();
    },
  };
}

/** A datagram that cannot be sent is lost, as datagrams may be. */
function ignore(): void {}
