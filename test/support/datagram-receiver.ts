import { closeSync, fstatSync, readSync, rmSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, void *address, uint length)');
const recvmsg = libc.func('long recvmsg(int fd, void *message, int flags)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const F_GET_SEALS = 1034;
const MOST_BYTES = 1024 * 1024;

export interface Datagram {
  readonly bytes: Buffer;
  /** The seals of the memory that held the bytes. Undefined when the datagram held them. */
  readonly seals?: number;
}

/** A receiver of unix datagrams, with the memory that they pass. */
export class DatagramReceiver implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  readonly #data = Buffer.alloc(MOST_BYTES);

  constructor(path: string) {
    this.#path = path;
    this.#fd = socketCall(AF_UNIX, SOCK_DGRAM, 0);
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  }

  /** Takes what has come. */
  take(): Datagram[] {
    const all: Datagram[] = [];
    for (let next = this.#receive(); next !== undefined; next = this.#receive()) all.push(next);
    return all;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #receive(): Datagram | undefined {
    const data = this.#data;
    const [control, vector, message] = [64, 16, 56].map((bytes) => Buffer.alloc(bytes)) as [Buffer, Buffer, Buffer];
    vector.writeBigUInt64LE(BigInt(koffi.address(data)), 0);
    vector.writeBigUInt64LE(BigInt(data.length), 8);
    message.writeBigUInt64LE(BigInt(koffi.address(vector)), 16);
    message.writeBigUInt64LE(1n, 24);
    message.writeBigUInt64LE(BigInt(koffi.address(control)), 32);
    message.writeBigUInt64LE(BigInt(control.length), 40);
    const length = Number(recvmsg(this.#fd, message, MSG_DONTWAIT));
    if (length < 0) return undefined;
    if (message.readBigUInt64LE(40) < 20n) return { bytes: Buffer.from(data.subarray(0, length)) };
    return fromMemory(control.readInt32LE(16));
  }
}

function fromMemory(fd: number): Datagram {
  try {
    const bytes = Buffer.alloc(fstatSync(fd).size);
    readSync(fd, bytes, 0, bytes.length, 0);
    return { bytes, seals: fcntl(fd, F_GET_SEALS, 0) };
  } finally {
    closeSync(fd);
  }
}
