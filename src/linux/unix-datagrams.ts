import { constants } from 'node:os';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { check, SyscallError } from './syscall-error.ts';
import { UNIX_PATH_MAX } from './unix-socket.ts';

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const connect = libc.func('int connect(int fd, void *address, uint length)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, void *value, uint length)');
const sendmmsg = libc.func('int sendmmsg(int fd, void *messages, uint count, int flags)');
const sendmsg = libc.func('long sendmsg(int fd, void *message, int flags)');
const memfd_create = libc.func('int memfd_create(const char *name, uint flags)');
const write = libc.func('long write(int fd, void *bytes, size_t count)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
const close = libc.func('int close(int fd)');

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SCM_RIGHTS = 1;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** Seal, shrink, grow, write. */
const ALL_SEALS = 0xf;
const SEND_BUFFER_BYTES = 8 * 1024 * 1024;
const ADDRESS_BYTES = 110;
const AT_ONCE = 64;
// struct mmsghdr with its struct msghdr, and struct iovec. 64-bit.
const HEADER = { bytes: 64, vector: 16, vectorCount: 24, control: 32, controlLength: 40 } as const;
const VECTOR_BYTES = 16;

/** A unix datagram socket, connected to a path. Node has none. It never waits. The caller disposes it. */
export class UnixDatagrams implements Disposable {
  readonly #headers = Buffer.alloc(HEADER.bytes * AT_ONCE);
  readonly #vectors = Buffer.alloc(VECTOR_BYTES * AT_ONCE);
  #memory = Buffer.alloc(64 * 1024);
  #fd: number;

  /** @throws SyscallError ENOENT, ECONNREFUSED, EPROTOTYPE (a stream socket is there), ENAMETOOLONG */
  constructor(path: string) {
    if (Buffer.byteLength(path) > UNIX_PATH_MAX) throw new SyscallError('connect', constants.errno.ENAMETOOLONG, path);
    this.#fd = check(socketCall(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket');
    const size = Buffer.alloc(4);
    size.writeInt32LE(SEND_BUFFER_BYTES);
    // The kernel allows less than that: a message of that size is refused then, and only then.
    setsockopt(this.#fd, SOL_SOCKET, SO_SNDBUF, size, size.length);
    const address = Buffer.alloc(ADDRESS_BYTES);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2);
    try {
      check(connect(this.#fd, address, ADDRESS_BYTES), 'connect', path);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Sends datagrams in their order, many with one call of the kernel. Returns how many were sent: fewer when the receiver's queue
   * is full. @throws SyscallError EMSGSIZE when the first of them is too large; ECONNREFUSED, ENOTCONN when the receiver is gone
   */
  send(datagrams: readonly Buffer[]): number {
    const some = datagrams.slice(0, AT_ONCE);
    const base = this.#copy(some);
    const vectors = BigInt(koffi.address(this.#vectors));
    let at = 0;
    for (const [index, { length }] of some.entries()) {
      this.#vectors.writeBigUInt64LE(base + BigInt(at), index * VECTOR_BYTES);
      this.#vectors.writeBigUInt64LE(BigInt(length), index * VECTOR_BYTES + 8);
      this.#headers.writeBigUInt64LE(vectors + BigInt(index * VECTOR_BYTES), index * HEADER.bytes + HEADER.vector);
      this.#headers.writeBigUInt64LE(1n, index * HEADER.bytes + HEADER.vectorCount);
      at += length;
    }
    const sent = sendmmsg(this.#fd, this.#headers, some.length, MSG_NOSIGNAL);
    if (sent < 0 && koffi.errno() === constants.errno.EAGAIN) return 0;
    return check(sent, 'sendmmsg');
  }

  /**
   * Sends a message of any size as a descriptor of sealed memory, alone in its datagram (memfd_create(2), unix(7)). Returns false when the
   * receiver's queue is full.
   */
  sendAsMemory(bytes: Buffer): boolean {
    const memory = sealedMemory(bytes);
    try {
      const control = Buffer.alloc(24);
      control.writeBigUInt64LE(20n, 0);
      control.writeInt32LE(SOL_SOCKET, 8);
      control.writeInt32LE(SCM_RIGHTS, 12);
      control.writeInt32LE(memory, 16);
      const message = Buffer.alloc(HEADER.bytes);
      message.writeBigUInt64LE(BigInt(koffi.address(control)), HEADER.control);
      message.writeBigUInt64LE(BigInt(control.length), HEADER.controlLength);
      const sent = sendmsg(this.#fd, message, MSG_NOSIGNAL);
      if (sent < 0 && koffi.errno() === constants.errno.EAGAIN) return false;
      check(Number(sent), 'sendmsg');
      return true;
    } finally {
      close(memory);
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
  }

  /** Copies the datagrams behind one another. Returns the address of the first. */
  #copy(datagrams: readonly Buffer[]): bigint {
    const bytes = datagrams.reduce((sum, { length }) => sum + length, 0);
    if (bytes > this.#memory.length) this.#memory = Buffer.alloc(bytes);
    let at = 0;
    for (const datagram of datagrams) at += datagram.copy(this.#memory, at);
    return BigInt(koffi.address(this.#memory));
  }
}

/** Returns a descriptor of memory that nobody can change any more. */
function sealedMemory(bytes: Buffer): number {
  const fd = check(memfd_create('message', MFD_CLOEXEC | MFD_ALLOW_SEALING), 'memfd_create');
  try {
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.subarray(at);
      at += Number(check(Number(write(fd, rest, rest.length)), 'write'));
    }
    check(fcntl(fd, F_ADD_SEALS, ALL_SEALS), 'fcntl');
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
