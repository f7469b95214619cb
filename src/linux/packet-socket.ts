import { libc } from './libc.ts';
import { familyOf, ipBytes } from './netlink/ip-bytes.ts';
import { check } from './syscall-error.ts';

const socket = libc.func('int socket(int domain, int type, int protocol)');
// Node warns of descriptors that a worker thread closes by `fs` and did not open so.
const close = libc.func('int close(int fd)');
const sendto = libc.func(
  'intptr_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)',
);

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ARP = 0x0806;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ARPHRD_ETHER = 1;
const ARPOP_REQUEST = 1;
const BROADCAST = Buffer.alloc(6, 0xff);
/** All nodes of the link, ff02::1, and its Ethernet address (RFC 2464 section 7). */
const ALL_NODES = { address: ipBytes('ff02::1'), hardwareAddress: Buffer.from('333300000001', 'hex') };
const IPPROTO_ICMPV6 = 58;
const ND_NEIGHBOR_ADVERT = 136;
const ND_NA_FLAG_OVERRIDE = 0x20;
const ND_OPT_TARGET_LINKADDR = 2;

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
   * Announces the new owner of an address to all hosts on the link (gratuitous ARP, RFC 5227 section 3; unsolicited
   * neighbor advertisement, RFC 4861 section 7.2.6), so that they drop another hardware address. Does not block.
   * @throws SyscallError ENETDOWN, ENXIO, ENOBUFS
   */
  announce(linkIndex: number, address: string, hardwareAddress: Uint8Array): void {
    const is6 = familyOf(address) === 6;
    const frame = (is6 ? neighborAdvertisement : gratuitousArp)(ipBytes(address), hardwareAddress);
    const to = sockaddrLl(linkIndex, is6 ? ETH_P_IPV6 : ETH_P_ARP);
    check(Number(sendto(this.#fd, frame, frame.length, 0, to, to.length)), 'sendto', `link ${linkIndex}`);
  }

  [Symbol.dispose](): void {
    if (this.#fd === -1) return;
    close(this.#fd);
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

/** RFC 4861 section 4.4, from the address itself to all nodes. */
function neighborAdvertisement(address: Uint8Array, hardwareAddress: Uint8Array): Buffer {
  const message = Buffer.alloc(32);
  message[0] = ND_NEIGHBOR_ADVERT;
  message[4] = ND_NA_FLAG_OVERRIDE;
  message.set(address, 8);
  message[24] = ND_OPT_TARGET_LINKADDR;
  // In units of eight bytes.
  message[25] = 1;
  message.set(hardwareAddress, 26);
  message.writeUInt16BE(icmpv6Checksum(address, ALL_NODES.address, message), 2);
  const header = Buffer.alloc(54);
  header.set(ALL_NODES.hardwareAddress, 0);
  header.set(hardwareAddress, 6);
  header.writeUInt16BE(ETH_P_IPV6, 12);
  header[14] = 0x60;
  header.writeUInt16BE(message.length, 18);
  header[20] = IPPROTO_ICMPV6;
  // Receivers drop what a router may have forwarded.
  header[21] = 255;
  header.set(address, 22);
  header.set(ALL_NODES.address, 38);
  return Buffer.concat([header, message]);
}

/** The Internet checksum over the pseudo-header of RFC 8200 section 8.1 and the message, whose checksum is 0. */
function icmpv6Checksum(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(message.length, 0);
  tail[7] = IPPROTO_ICMPV6;
  const bytes = Buffer.concat([source, destination, tail, message]);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

/** struct sockaddr_ll of packet(7). */
function sockaddrLl(linkIndex: number, protocol: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.set(new Uint8Array(new Uint16Array([AF_PACKET]).buffer), 0);
  bytes.writeUInt16BE(protocol, 2);
  bytes.set(new Uint8Array(new Int32Array([linkIndex]).buffer), 4);
  bytes[11] = 6;
  bytes.set(BROADCAST, 12);
  return bytes;
}
