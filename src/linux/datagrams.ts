import koffi from 'koffi';
import { libc } from './libc.ts';

const recvmmsg = libc.func('int recvmmsg(int fd, void *messages, uint count, int flags, void *timeout)');
const sendmmsg = libc.func('int sendmmsg(int fd, void *messages, uint count, int flags)');

const MSG_DONTWAIT = 0x40;
// struct mmsghdr: a struct msghdr, and the number of bytes. struct sockaddr_in. 64-bit.
const HEADER = { bytes: 64, name: 0, nameLength: 8, vector: 16, vectorCount: 24, length: 56 } as const;
const VECTOR_BYTES = 16;
const ADDRESS_BYTES = 16;
/** Longest datagram that is received whole. A longer one is cut. */
const DATAGRAM_BYTES = 4096;

/** Who sent a datagram. */
export interface DatagramSender {
  readonly address: string;
  readonly port: number;
}

/**
 * Receives and answers datagrams of an IPv4 socket, many with one call of the kernel (recvmmsg(2), sendmmsg(2)). It has its
 * own memory, which the next {@link receive} overwrites. For one thread, and for any sockets in turn.
 */
export class DatagramBatch {
  readonly #capacity: number;
  readonly #received: Messages;
  readonly #answers: Messages;
  #pending = 0;

  constructor(capacity = 32) {
    this.#capacity = capacity;
    this.#received = new Messages(capacity);
    this.#answers = new Messages(capacity);
  }

  /** Receives what waits in the socket, up to the capacity. Does not wait. Returns the number, 0 also after an error. */
  receive(fd: number): number {
    this.#received.reset();
    return Math.max(0, recvmmsg(fd, this.#received.headers, this.#capacity, MSG_DONTWAIT, null));
  }

  /** Returns a copy of a received datagram. */
  datagram(at: number): Buffer {
    return Buffer.from(
      this.#received.bytes(at, this.#received.headers.readUInt32LE(at * HEADER.bytes + HEADER.length)),
    );
  }

  sender(at: number): DatagramSender {
    const name = this.#received.address(at);
    return { address: name.subarray(4, 8).join('.'), port: name.readUInt16BE(2) };
  }

  /** Puts an answer to a received datagram into the next {@link send}. One that is too long is not sent. */
  answer(at: number, answer: Uint8Array): void {
    if (answer.length > DATAGRAM_BYTES || this.#pending === this.#capacity) return;
    this.#received.address(at).copy(this.#answers.address(this.#pending));
    this.#answers.fill(this.#pending, answer);
    this.#pending += 1;
  }

  /** Sends the answers. Those that the socket does not take at once are dropped, as a network would. */
  send(fd: number): void {
    for (let from = 0; from < this.#pending; ) {
      const sent = sendmmsg(fd, this.#answers.from(from), this.#pending - from, MSG_DONTWAIT);
      // The first one could not be sent: its client is unreachable, or the socket is full. The next may be.
      from += Math.max(1, sent);
    }
    this.#pending = 0;
  }
}

/** Message headers with memory for each. */
class Messages {
  readonly headers: Buffer;
  readonly #addresses: Buffer;
  readonly #vectors: Buffer;
  readonly #data: Buffer;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.headers = Buffer.alloc(capacity * HEADER.bytes);
    this.#addresses = Buffer.alloc(capacity * ADDRESS_BYTES);
    this.#vectors = Buffer.alloc(capacity * VECTOR_BYTES);
    this.#data = Buffer.alloc(capacity * DATAGRAM_BYTES);
    const addressOf = (buffer: Buffer): bigint => BigInt(koffi.address(buffer));
    const [addresses, vectors, data] = [this.#addresses, this.#vectors, this.#data].map(addressOf) as [
      bigint,
      bigint,
      bigint,
    ];
    for (let at = 0; at < capacity; at++) {
      const header = at * HEADER.bytes;
      this.headers.writeBigUInt64LE(addresses + BigInt(at * ADDRESS_BYTES), header + HEADER.name);
      this.headers.writeUInt32LE(ADDRESS_BYTES, header + HEADER.nameLength);
      this.headers.writeBigUInt64LE(vectors + BigInt(at * VECTOR_BYTES), header + HEADER.vector);
      this.headers.writeBigUInt64LE(1n, header + HEADER.vectorCount);
      this.#vectors.writeBigUInt64LE(data + BigInt(at * DATAGRAM_BYTES), at * VECTOR_BYTES);
      this.#vectors.writeBigUInt64LE(BigInt(DATAGRAM_BYTES), at * VECTOR_BYTES + 8);
    }
  }

  /** The kernel has changed the lengths of the addresses. */
  reset(): void {
    for (let at = 0; at < this.#capacity; at++) {
      this.headers.writeUInt32LE(ADDRESS_BYTES, at * HEADER.bytes + HEADER.nameLength);
    }
  }

  from(at: number): Buffer {
    return this.headers.subarray(at * HEADER.bytes);
  }

  address(at: number): Buffer {
    return this.#addresses.subarray(at * ADDRESS_BYTES, (at + 1) * ADDRESS_BYTES);
  }

  bytes(at: number, length: number): Buffer {
    return this.#data.subarray(at * DATAGRAM_BYTES, at * DATAGRAM_BYTES + Math.min(length, DATAGRAM_BYTES));
  }

  fill(at: number, bytes: Uint8Array): void {
    this.#data.set(bytes, at * DATAGRAM_BYTES);
    this.#vectors.writeUInt32LE(bytes.length, at * VECTOR_BYTES + 8);
  }
}
