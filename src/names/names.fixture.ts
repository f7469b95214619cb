import { Buffer } from 'node:buffer';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bindHostPort,
  boundPort,
  connectPort,
  HomeNamespace,
  NetlinkSocket,
  removeNetworkNamespace,
  setLink,
} from '../linux/index.ts';
import { NAME_SERVER_ADDRESS, type NameSockets, type SandboxNames } from '../spec/index.ts';
import { FrameReader, frame } from './frames.ts';

export interface Options {
  readonly id?: number;
  readonly flags?: number;
  readonly questions?: number;
  readonly askedClass?: number;
  readonly edns?: { readonly sizeBytes: number; readonly version?: number; readonly wantsDnssec?: boolean };
}

/** Encodes a query, the labels as they are given. */
export function queryFor(name: string, type: number, options: Options = {}): Buffer {
  const { id = 0x1234, flags = 0x0100, questions = 1, askedClass = 1, edns } = options;
  const labels = name === '' ? [] : name.split('.').map((label) => Buffer.from(label, 'latin1'));
  const words = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
  const parts = [words(id, flags, questions, 0, 0, edns === undefined ? 0 : 1)];
  for (const label of labels) parts.push(Buffer.from([label.length]), label);
  parts.push(Buffer.from([0]), words(type, askedClass));
  if (edns !== undefined) {
    const { sizeBytes, version = 0, wantsDnssec = false } = edns;
    parts.push(Buffer.from([0]), words(41, sizeBytes, version, wantsDnssec ? 0x8000 : 0, 0));
  }
  return Buffer.concat(parts);
}

/** A reply, as far as this server writes replies: names of records point to the question. */
export interface Decoded {
  readonly id: number;
  readonly flags: number;
  readonly rcode: number;
  readonly isTruncated: boolean;
  readonly question: Buffer;
  /** Data as addresses for A, else in hexadecimal. */
  readonly answers: readonly string[];
  readonly edns: { readonly sizeBytes: number; readonly extendedRcode: number; readonly flags: number } | undefined;
}

export function decodeReply(bytes: Buffer): Decoded {
  const [id, flags, questions, answers, authority, additional] = Array.from({ length: 6 }, (_, index) =>
    bytes.readUInt16BE(index * 2),
  ) as [number, number, number, number, number, number];
  let at = 12;
  if (questions === 1) {
    while (bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
    at += 5;
  }
  const question = bytes.subarray(12, at);
  const data: string[] = [];
  for (let index = 0; index < answers; index++) {
    if (bytes.readUInt16BE(at) !== 0xc00c || bytes.readUInt32BE(at + 6) !== 0) throw new Error('name or TTL');
    const end = at + 12 + bytes.readUInt16BE(at + 10);
    const value = bytes.subarray(at + 12, end);
    data.push(bytes.readUInt16BE(at + 2) === 1 ? value.join('.') : value.toString('hex'));
    at = end;
  }
  let edns: Decoded['edns'];
  if (additional === 1) {
    if (bytes[at] !== 0 || bytes.readUInt16BE(at + 1) !== 41) throw new Error('no OPT');
    edns = {
      sizeBytes: bytes.readUInt16BE(at + 3),
      extendedRcode: bytes[at + 5] ?? 0,
      flags: bytes.readUInt16BE(at + 7),
    };
    at += 11;
  }
  if (at !== bytes.length || authority !== 0) throw new Error('more than expected');
  return { id, flags, rcode: flags & 15, isTruncated: (flags & 0x200) !== 0, question, answers: data, edns };
}

/** A sandbox on one network `net`, with a container `web`. */
export function namesOf(sandboxId: string, change: Partial<SandboxNames> = {}): SandboxNames {
  return {
    sandboxId,
    netnsPath: '/nowhere',
    endpoints: [{ networkId: 'n1', network: 'net', names: ['web'], addresses: ['10.0.0.2'] }],
    forward: { enabled: false, servers: [] },
    ...change,
  };
}

/** A namespace with nothing but loopback up, and the two sockets of a name server in it. Its end closes its clients. */
export interface TestSandbox extends Disposable {
  readonly path: string;
  readonly sockets: NameSockets;
  /** Runs a synchronous function in it. */
  enter<T>(inside: () => T): T;
  /** A UDP socket in it that is connected to the name server. */
  datagrams(): Promise<Datagrams>;
  /** Sends a query by UDP and returns the next reply. */
  askUdp(query: Buffer): Promise<Buffer>;
  /** Opens a TCP connection to the name server. */
  connect(): Socket;
  /** Sends queries over one connection and returns as many replies. */
  askTcp(...queries: readonly Buffer[]): Promise<readonly Buffer[]>;
}

export function openSandbox(): TestSandbox {
  const directory = mkdtempSync(join(tmpdir(), 'names-'));
  const path = join(directory, 'net');
  const home = new HomeNamespace();
  const address = NAME_SERVER_ADDRESS;
  const sockets = home.create(path, () => {
    using netlink = new NetlinkSocket();
    netlink.execute(setLink({ name: 'lo' }, { up: true }));
    const [udp, tcp] = (['udp', 'tcp'] as const).map((protocol) => bindHostPort({ protocol, address, port: 0 }));
    return { udp: udp as number, tcp: tcp as number };
  });
  const enter = <T>(inside: () => T): T => home.enter(path, inside);
  const clients = new DisposableStack();
  return {
    path,
    sockets,
    enter,
    ...clientsIn(enter, sockets, clients),
    [Symbol.dispose]() {
      clients.dispose();
      home[Symbol.dispose]();
      removeNetworkNamespace(path);
      rmSync(directory, { recursive: true });
    },
  };
}

/** Clients of the name server in a namespace. `opened` closes them. */
function clientsIn(
  enter: TestSandbox['enter'],
  { udp, tcp }: NameSockets,
  opened: DisposableStack,
): Pick<TestSandbox, 'datagrams' | 'connect' | 'askUdp' | 'askTcp'> {
  const address = NAME_SERVER_ADDRESS;
  const ports = { udp: boundPort(udp), tcp: boundPort(tcp) };
  const datagrams = async (): Promise<Datagrams> => {
    const socket = createSocket('udp4');
    let isOpen = true;
    socket.once('close', () => {
      isOpen = false;
    });
    opened.defer(() => {
      if (isOpen) socket.close();
    });
    socket.bind({ fd: enter(() => bindHostPort({ protocol: 'udp', address: '127.0.0.1', port: 0 })) });
    socket.connect(ports.udp, address);
    await once(socket, 'connect');
    return socket;
  };
  const connect = (): Socket => {
    const socket = new Socket({ fd: enter(() => connectPort({ protocol: 'tcp', address, port: ports.tcp })) });
    opened.defer(() => socket.destroy());
    return socket;
  };
  return {
    datagrams,
    connect,
    async askUdp(query) {
      const socket = await datagrams();
      socket.send(query);
      const [reply] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      await once(socket, 'close');
      return reply;
    },
    async askTcp(...queries) {
      const socket = connect();
      socket.write(Buffer.concat(queries.map(frame)));
      const replies = await readReplies(socket, queries.length);
      socket.destroy();
      return replies;
    },
  };
}

export async function readReplies(socket: Socket, count: number): Promise<readonly Buffer[]> {
  const frames = new FrameReader();
  const replies: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    frames.push(chunk as Buffer);
    for (let reply = frames.next(); reply !== undefined; reply = frames.next()) replies.push(Buffer.from(reply));
    if (replies.length >= count) break;
  }
  return replies;
}
