import type { Buffer } from 'node:buffer';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { closeSync, fstatSync } from 'node:fs';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { NameSockets } from '../spec/index.ts';
import { asIs } from './lookup.ts';
import type { Transport } from './reply.ts';
import { serveTcpClient } from './tcp-client.ts';

const CONNECTIONS_MAX = 50;
const BACKLOG = 128;
/** Answers by UDP that the kernel does not take yet. More are dropped, as a network would. */
const UNSENT_BYTES_MAX = 1024 * 1024;

/** Answers a container's message. Undefined when it gets no answer. Never throws or rejects. */
export type RespondTo = (message: Buffer, transport: Transport) => Buffer | undefined | Promise<Buffer | undefined>;

/** The two sockets at which a container asks. */
export class SandboxServer implements Disposable {
  readonly sockets: NameSockets;
  readonly #udp: Datagrams;
  readonly #tcp: Server;
  readonly #connections: ReadonlySet<TcpSocket>;

  /** See {@link openSandboxServer}. */
  constructor(sockets: NameSockets, udp: Datagrams, tcp: Listener) {
    this.sockets = sockets;
    this.#udp = udp;
    this.#tcp = tcp.server;
    this.#connections = tcp.connections;
  }

  /** Closes the sockets and the connections. */
  [Symbol.dispose](): void {
    this.#udp.close();
    this.#tcp.close();
    for (const connection of this.#connections) connection.destroy();
  }
}

/**
 * Serves a bound UDP socket and a TCP socket, which belong to the result. They may have been served before, by another
 * process: what waits in them is answered. @throws Error for other descriptors, which are closed
 */
export async function openSandboxServer(sockets: NameSockets, respond: RespondTo): Promise<SandboxServer> {
  let udp: Datagrams;
  try {
    udp = openUdp(sockets.udp, (message) => respond(message, 'udp'));
  } catch (error) {
    closeSync(sockets.udp);
    closeSync(sockets.tcp);
    throw error;
  }
  try {
    const tcp = await openTcp(sockets.tcp, (message) => respond(message, 'tcp'));
    return new SandboxServer(sockets, udp, tcp);
  } catch (error) {
    udp.close();
    throw error;
  }
}

type Respond = (message: Buffer) => ReturnType<RespondTo>;

/** A socket that Node gives no state to ask for. */
interface Datagrams {
  close(): void;
}

function openUdp(fd: number, respond: Respond): Datagrams {
  const socket = createSocket({ type: 'udp4', lookup: asIs });
  let isClosed = false;
  const send = (answer: Buffer | undefined, { port, address }: RemoteInfo): void => {
    if (answer === undefined || isClosed || socket.getSendQueueSize() > UNSENT_BYTES_MAX) return;
    socket.send(answer, port, address);
  };
  // The network below is gone, or an answer could not be sent. The client asks again.
  socket.on('error', () => {});
  socket.on('message', (message, client) => {
    // Only forged datagrams come from port 0. Node throws for it.
    if (client.port === 0) return;
    const answer = respond(message);
    if (answer instanceof Promise) void answer.then((late) => send(late, client));
    else send(answer, client);
  });
  socket.bind({ fd });
  return {
    close() {
      isClosed = true;
      socket.close();
    },
  };
}

interface Listener {
  readonly server: Server;
  readonly connections: ReadonlySet<TcpSocket>;
}

async function openTcp(fd: number, respond: Respond): Promise<Listener> {
  const connections = new Set<TcpSocket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    serveTcpClient(socket, respond);
  });
  server.maxConnections = CONNECTIONS_MAX;
  const { ino } = fstatSync(fd);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ fd, backlog: BACKLOG }, resolve);
  try {
    await promise;
  } catch (error) {
    closeUnlessClosed(fd, ino);
    throw error;
  }
  server.off('error', reject).on('error', () => {});
  return { server, connections };
}

/** Node closes a descriptor on which it could not listen, but not one that is not a TCP socket. */
function closeUnlessClosed(fd: number, ino: number): void {
  try {
    if (fstatSync(fd).ino === ino) closeSync(fd);
  } catch {
    // EBADF
  }
}
