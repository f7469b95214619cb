import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../base/logger.ts';
import type { PublishedPort } from './port-registry.ts';

/** Idle UDP clients are dropped after this time. */
const UDP_IDLE_MS = 90_000;
/** Most clients of one UDP port at a time. Beyond it the oldest is dropped. */
const UDP_CLIENTS = 1024;

/** Serves a published port from its reserving socket. Disposing ends it and closes the socket. */
export type PortRelay = Disposable;

/**
 * Copies traffic that arrives at the reserving socket itself to the container: all IPv6 traffic, which the firewall
 * does not translate, and IPv4 traffic only when others have flushed the firewall. Takes over `fd`. Does not keep the
 * process alive.
 */
export function relayPort(port: PublishedPort & { readonly fd: number }, target: string, logger: Logger): PortRelay {
  return port.protocol === 'udp' ? relayUdp(port, target, logger) : relayTcp(port, target, logger);
}

function relayTcp({ fd, port, hostPort }: PublishedPort & { fd: number }, target: string, logger: Logger): PortRelay {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const container = connect({ host: target, port, allowHalfOpen: true });
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

function relayUdp(
  { fd, port, hostPort, hostAddress }: PublishedPort & { fd: number },
  target: string,
  logger: Logger,
): PortRelay {
  const clients = new Map<string, UdpClient>();
  const listener = createSocket(hostAddress.includes(':') ? 'udp6' : 'udp4');
  const forget = (key: string): void => {
    const client = clients.get(key);
    if (client === undefined) return;
    clients.delete(key);
    clearTimeout(client.timer);
    client.socket.close();
  };
  const clientOf = (key: string, address: string, clientPort: number): UdpClient => {
    const known = clients.get(key);
    if (known !== undefined) {
      known.timer.refresh();
      return known;
    }
    const oldest = clients.keys().next();
    if (clients.size >= UDP_CLIENTS && oldest.done !== true) forget(oldest.value);
    const socket = createSocket('udp4').unref();
    socket.on('error', () => forget(key));
    socket.on('message', (bytes) => listener.send(bytes, clientPort, address, ignore));
    const client = { socket, timer: setTimeout(() => forget(key), UDP_IDLE_MS).unref() };
    clients.set(key, client);
    return client;
  };
  listener.on('error', (error) => logger.warn({ hostPort, error: error.message }, 'published port is not relayed'));
  listener.on('message', (bytes, { address, port: clientPort }) => {
    clientOf(`${address} ${clientPort}`, address, clientPort).socket.send(bytes, port, target, ignore);
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
