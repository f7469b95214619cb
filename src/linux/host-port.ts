import { isIPv4 } from 'node:net';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { AF, ipBytes } from './netlink/ip-bytes.ts';
import { check, SyscallError } from './syscall-error.ts';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const close = libc.func('int close(int fd)');
const connect = libc.func('int connect(int fd, const void *address, uint32_t length)');
const getsockname = libc.func('int getsockname(int fd, _Out_ void *address, void *length)');
const listen = libc.func('int listen(int fd, int backlog)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const BACKLOG = 511;
const PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const;

export interface HostPort {
  readonly protocol: keyof typeof PROTOCOL;
  /** IPv4 or IPv6, without a zone. */
  readonly address: string;
  readonly port: number;
}

/**
 * Reserves a port of the host: returns a bound socket, listening where the protocol listens, CLOEXEC and non-blocking.
 * IPv6 sockets accept only IPv6. Does not block. The caller closes the descriptor.
 * @throws SyscallError EADDRINUSE, EADDRNOTAVAIL, EPROTONOSUPPORT and EAFNOSUPPORT where the kernel lacks it
 */
export function bindHostPort({ protocol, address, port }: HostPort): number {
  const v4 = isIPv4(address);
  const type = (protocol === 'udp' ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const subject = `${protocol} ${address} port ${port}`;
  const fd = check(socket(v4 ? AF[4] : AF[6], type, PROTOCOL[protocol]), 'socket', subject);
  try {
    // Connections of the port's former owner in TIME_WAIT must not count. For UDP the option would allow two owners.
    if (protocol !== 'udp') check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ON, 4), 'setsockopt', subject);
    if (!v4) check(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ON, 4), 'setsockopt', subject);
    const name = v4 ? sockaddrIn(address, port) : sockaddrIn6(address, port);
    check(bind(fd, name, name.length), 'bind', subject);
    if (protocol !== 'udp') check(listen(fd, BACKLOG), 'listen', subject);
    return fd;
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
}

/**
 * Connects a socket in the calling thread's namespace to a port, without waiting: a TCP connection is established
 * later, or reports its failure on the first write. CLOEXEC and non-blocking. The caller closes it.
 * @throws SyscallError ENETUNREACH without a route; EAFNOSUPPORT
 */
export function connectPort({ protocol, address, port }: HostPort): number {
  const v4 = isIPv4(address);
  const type = (protocol === 'udp' ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const subject = `${protocol} ${address} port ${port}`;
  const fd = check(socket(v4 ? AF[4] : AF[6], type, PROTOCOL[protocol]), 'socket', subject);
  const name = v4 ? sockaddrIn(address, port) : sockaddrIn6(address, port);
  if (connect(fd, name, name.length) === 0 || koffi.errno() === koffi.os.errno['EINPROGRESS']) return fd;
  const errno = koffi.errno();
  closeSocket(fd);
  throw new SyscallError('connect', errno, subject);
}

/** Closes a descriptor of this file. On a worker thread Node warns of `closeSync` for what it did not open. */
export function closeSocket(fd: number): void {
  close(fd);
}

/** The port to which an IPv4 socket is bound. */
export function boundPort(fd: number): number {
  const name = Buffer.alloc(16);
  const length = Buffer.from(new Uint32Array([name.length]).buffer);
  check(getsockname(fd, name, length), 'getsockname', fd);
  return name.readUInt16BE(2);
}

/** The value of an int option that is set. */
const ON = Buffer.from(new Uint32Array([1]).buffer);

/** struct sockaddr_in of ip(7). */
function sockaddrIn(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.set(family(AF[4]));
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipBytes(address), 4);
  return bytes;
}

/** struct sockaddr_in6 of ipv6(7). */
function sockaddrIn6(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.set(family(AF[6]));
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipBytes(address), 8);
  return bytes;
}

function family(value: number): Uint8Array {
  return new Uint8Array(new Uint16Array([value]).buffer);
}
