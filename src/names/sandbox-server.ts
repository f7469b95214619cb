import type { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { closeSync, fstatSync } from 'node:fs';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { DatagramBatch, type DatagramSender } from '../linux/index.ts';
import type { NameSockets } from '../spec/index.ts';
import { asIs } from './lookup.ts';
import type { Transport } from './reply.ts';
import { serveTcpClient } from './tcp-client.ts';

const CONNECTIONS_MAX = 50;
const BACKLOG = 128;
/** Answers by UDP that the kernel does not take yet. More are dropped, as a network would. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** Datagrams that are received at a time, and how often before other sandboxes have their turn. */
const BATCH = 32;
const BATCHES_MAX = 8;
/** Shared by all sockets: each use ends within one turn. */
const batch = new DatagramBatch(BATCH);

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

/**
 * libuv reports the first datagram, with memory and a call of its own for each. Those that wait behind it, under load, are
 * received and answered in batches.
 */
function openUdp(fd: number, respond: Respond): Datagrams {
  const socket = createSocket({ type: 'udp4', lookup: asIs });
  let isClosed = false;
  const send = (answer: Buffer | undefined, { port, address }: DatagramSender): void => {
    if (answer === undefined || isClosed || socket.getSendQueueSize() > UNSENT_BYTES_MAX) return;
    socket.send(answer, port, address);
  };
  const answerBatch = (count: number): void => {
    for (let at = 0; at < count; at++) {
      const answer = respond(batch.datagram(at));
      if (answer instanceof Promise) {
        const client = batch.sender(at);
        void answer.then((late) => send(late, client));
      } else if (answer !== undefined) batch.answer(at, answer);
    }
    batch.send(fd);
  };
  // The network below is gone, or an answer could not be sent. The client asks again.
  socket.on('error', () => {});
  socket.on('message', (message, client) => {
    // Only forged datagrams come from port 0. Node throws for it.
    if (client.port === 0) return;
    const answer = respond(message);
    if (answer instanceof Promise) void answer.then((late) => send(late, client));
    else send(answer, client);
    for (let left = BATCHES_MAX; left > 0; left--) {
      const count = batch.receive(fd);
      if (count > 0) answerBatch(count);
      if (count < BATCH) return;
    }
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
