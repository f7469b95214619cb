import { closeSync } from 'node:fs';
import { libc } from './libc.ts';
import { ipv4Bytes } from './netlink/addresses.ts';
import { check } from './syscall-error.ts';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const sendto = libc.func(
  'intptr_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)',
);

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ARP = 0x0806;
const ETH_P_IP = 0x0800;
const ARPHRD_ETHER = 1;
const ARPOP_REQUEST = 1;
const BROADCAST = Buffer.alloc(6, 0xff);

/**
 * Sends Ethernet frames on links of the namespace in which its thread was when it was opened. It receives none.
 * CLOEXEC.
 */
export class PacketSocket implements Disposable {
  #fd: number;

  /** @throws SyscallError EPERM without CAP_NET_RAW */
  constructor() {
    this.#fd = check(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket', 'packet');
  }

  /**
   * Announces the new owner of an address to all hosts on the link (gratuitous ARP, RFC 5227 section 3), so that they
   * drop another hardware address. Does not block. @throws SyscallError ENETDOWN, ENXIO, ENOBUFS
   */
  announce(linkIndex: number, address: string, hardwareAddress: Uint8Array): void {
    const frame = gratuitousArp(ipv4Bytes(address), hardwareAddress);
    const to = sockaddrLl(linkIndex);
    check(Number(sendto(this.#fd, frame, frame.length, 0, to, to.length)), 'sendto', `link ${linkIndex}`);
  }

  [Symbol.dispose](): void {
    if (this.#fd === -1) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** RFC 826: a request for an address by its owner. */
function gratuitousArp(address: Uint8Array, hardwareAddress: Uint8Array): Buffer {
  const frame = Buffer.alloc(42);
  frame.set(BROADCAST, 0);
  frame.set(hardwareAddress, 6);
  frame.writeUInt16BE(ETH_P_ARP, 12);
  frame.writeUInt16BE(ARPHRD_ETHER, 14);
  frame.writeUInt16BE(ETH_P_IP, 16);
  frame[18] = 6;
  frame[19] = 4;
  frame.writeUInt16BE(ARPOP_REQUEST, 20);
  frame.set(hardwareAddress, 22);
  frame.set(address, 28);
  frame.set(address, 38);
  return frame;
}

/** struct sockaddr_ll of packet(7). */
function sockaddrLl(linkIndex: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.set(new Uint8Array(new Uint16Array([AF_PACKET]).buffer), 0);
  bytes.writeUInt16BE(ETH_P_ARP, 2);
  bytes.set(new Uint8Array(new Int32Array([linkIndex]).buffer), 4);
  bytes[11] = 6;
  bytes.set(BROADCAST, 12);
  return bytes;
}
