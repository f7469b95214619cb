import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { POLL, pollNow } from './poll.ts';
import { check, SyscallError } from './syscall-error.ts';

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, void *address, uint length)');
const listen = libc.func('int listen(int fd, int backlog)');
const accept4 = libc.func('int accept4(int fd, void *address, void *length, int flags)');
const recvmsg = libc.func('long recvmsg(int fd, void *message, int flags)');
const getsockopt = libc.func('int getsockopt(int fd, int level, int name, void *value, _Inout_ uint *length)');
const close = libc.func('int close(int fd)');

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SCM_RIGHTS = 1;
const ADDRESS_BYTES = 110;
const EBADMSG = 74;
const ENAMETOOLONG = 36;

// struct iovec and struct msghdr of recvmsg(2), 64-bit. At module level because the kernel gets their addresses.
const data = Buffer.alloc(4096);
const control = Buffer.alloc(64);
const vector = Buffer.alloc(16);
const message = Buffer.alloc(56);

/** Longest path of a unix socket, without its terminating zero (unix(7)). */
export const UNIX_PATH_MAX = 107;

/** Opens a listening unix socket outside Node's control: non-blocking, CLOEXEC. The caller closes and unlinks it. */
export function listenUnix(path: string): number {
  if (Buffer.byteLength(path) > UNIX_PATH_MAX) throw new SyscallError('bind', ENAMETOOLONG, path);
  const fd = check(socketCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket');
  try {
    const address = Buffer.alloc(ADDRESS_BYTES);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2);
    check(bind(fd, address, ADDRESS_BYTES), 'bind', path);
    check(listen(fd, 1), 'listen', path);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * Accepts the connection that waits on `listener` and returns the first descriptor sent over it, CLOEXEC. Does not
 * wait: the peer must have connected and sent before.
 * @throws SyscallError EAGAIN when nothing has come; EBADMSG when the message carries no descriptor
 */
export function acceptDescriptor(listener: number): number {
  const connection = check(accept4(listener, null, null, SOCK_CLOEXEC), 'accept4');
  try {
    control.fill(0);
    vector.writeBigUInt64LE(BigInt(koffi.address(data)), 0);
    vector.writeBigUInt64LE(BigInt(data.length), 8);
    message.writeBigUInt64LE(BigInt(koffi.address(vector)), 16);
    message.writeBigUInt64LE(1n, 24);
    message.writeBigUInt64LE(BigInt(koffi.address(control)), 32);
    message.writeBigUInt64LE(BigInt(control.length), 40);
    check(recvmsg(connection, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT), 'recvmsg');
    const isRights = control.readInt32LE(8) === SOL_SOCKET && control.readInt32LE(12) === SCM_RIGHTS;
    if (message.readBigUInt64LE(40) < 20n || !isRights) throw new SyscallError('recvmsg', EBADMSG, 'no descriptor');
    return control.readInt32LE(16);
  } finally {
    close(connection);
  }
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The credentials of the peer, as the kernel knows them (unix(7), SO_PEERCRED). */
export function peerCredentials(socket: Socket): PeerCredentials {
  const value = Buffer.alloc(12);
  const length: [number] = [value.length];
  check(getsockopt(descriptorOf(socket), SOL_SOCKET, SO_PEERCRED, value, length), 'getsockopt', 'SO_PEERCRED');
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/**
 * Whether the peer has closed the connection, and not only half-closed it: Node emits `end` for both. Source:
 * unix_poll: POLLHUP when both directions are shut.
 */
export function isHungUp(socket: Socket): boolean {
  const fd = descriptorOf(socket);
  if (fd < 0) return true;
  return (pollNow(fd, 0) & (POLL.hangUp | POLL.error)) !== 0;
}

function descriptorOf(socket: Socket): number {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
  return fd === undefined || fd < 0 ? -1 : fd;
}

/**
 * Listens on a unix stream socket (0600) in place of whatever the path was. Connections of other users than root and the
 * own one are refused. Connections may be half-closed.
 */
export async function listenForRoot(
  path: string,
  { accept, refused }: { readonly accept: (socket: Socket) => void; readonly refused: (uid: number) => void },
): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    const { uid } = peerCredentials(socket);
    if (uid === 0 || uid === process.getuid?.()) return accept(socket);
    refused(uid);
    socket.destroy();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const before = process.umask(0o177);
  server.listen(path, resolve);
  process.umask(before);
  await promise;
  chmodSync(path, 0o600);
  return server;
}
