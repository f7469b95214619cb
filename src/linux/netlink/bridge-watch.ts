import koffi from 'koffi';
import { libc } from '../libc.ts';
import { check } from '../syscall-error.ts';
import { LITTLE_ENDIAN } from './message.ts';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
const recv = libc.func('intptr_t recv(int fd, void *bytes, size_t length, int flags)');
const close = libc.func('int close(int fd)');

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const MSG_DONTWAIT = 0x40;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC = 0o20000;

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_DELADDR = 21;
const IFF_UP = 0x1;

/** The signal that announces events. The process must handle it before a {@link BridgeWatch} is opened. */
export const BRIDGE_WATCH_SIGNAL = 'SIGIO';

/**
 * Sends the process {@link BRIDGE_WATCH_SIGNAL} when a watched link is removed or set down, or loses an address
 * (rtnetlink(7), socket(7)). A filter in the kernel drops all other messages, so that starts of containers cost
 * nothing. The socket belongs to the network namespace of the thread that opened it. CLOEXEC.
 */
export class BridgeWatch implements Disposable {
  #fd: number;
  readonly #scratch = Buffer.allocUnsafeSlow(4096);

  /** Watches no link until {@link follow}. @throws SyscallError */
  constructor() {
    this.#fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), 'socket', 'netlink');
    try {
      this.follow([]);
      // struct sockaddr_nl: family, padding, port id of the kernel's choice, groups.
      const address = new DataView(new ArrayBuffer(12));
      address.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
      address.setUint32(8, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, LITTLE_ENDIAN);
      check(bind(this.#fd, Buffer.from(address.buffer), 12), 'bind', 'netlink');
      check(fcntl(this.#fd, F_SETOWN, process.pid), 'fcntl', 'F_SETOWN');
      const flags = check(fcntl(this.#fd, F_GETFL, 0), 'fcntl', 'F_GETFL');
      check(fcntl(this.#fd, F_SETFL, flags | O_ASYNC), 'fcntl', 'F_SETFL');
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Watches these links instead. @throws SyscallError ENOMEM for too many */
  follow(linkIndexes: readonly number[]): void {
    const filter = eventFilter(linkIndexes);
    // struct sock_fprog: the number of instructions and, aligned, their address.
    const program = Buffer.alloc(16);
    if (LITTLE_ENDIAN) {
      program.writeUInt16LE(filter.length / 8, 0);
      program.writeBigUInt64LE(BigInt(koffi.address(filter)), 8);
    } else {
      program.writeUInt16BE(filter.length / 8, 0);
      program.writeBigUInt64BE(BigInt(koffi.address(filter)), 8);
    }
    check(setsockopt(this.#fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length), 'setsockopt', 'filter');
  }

  /** Drops pending events, so that the next one is signalled. */
  drain(): void {
    while (Number(recv(this.#fd, this.#scratch, this.#scratch.length, MSG_DONTWAIT)) > 0);
  }

  [Symbol.dispose](): void {
    if (this.#fd === -1) return;
    close(this.#fd);
    this.#fd = -1;
  }
}

const BPF = { LD_W_ABS: 0x20, LD_H_ABS: 0x28, JEQ: 0x15, JSET: 0x45, JA: 0x05, RET: 0x06 } as const;
const TYPE_OFFSET = 4;
/** Offset in struct ifinfomsg and struct ifaddrmsg alike. */
const INDEX_OFFSET = 20;
const FLAGS_OFFSET = 24;
const WHOLE_MESSAGE = 0xffffffff;

/** A classic BPF program (linux/filter.h) that passes the events of these links. */
function eventFilter(linkIndexes: readonly number[]): Buffer {
  const instructions: [code: number, jumpTrue: number, jumpFalse: number, value: number][] = [];
  instructions.push([BPF.LD_W_ABS, 0, 0, INDEX_OFFSET]);
  linkIndexes.forEach((index, at) => {
    // A conditional jump reaches 255 instructions. The plain jump after each comparison reaches any.
    instructions.push([BPF.JEQ, 0, 1, word(index)]);
    instructions.push([BPF.JA, 0, 0, 2 * (linkIndexes.length - at - 1) + 1]);
  });
  instructions.push(
    [BPF.RET, 0, 0, 0],
    [BPF.LD_H_ABS, 0, 0, TYPE_OFFSET],
    [BPF.JEQ, 5, 0, half(RTM_DELLINK)],
    [BPF.JEQ, 4, 0, half(RTM_DELADDR)],
    [BPF.JEQ, 0, 2, half(RTM_NEWLINK)],
    [BPF.LD_W_ABS, 0, 0, FLAGS_OFFSET],
    [BPF.JSET, 0, 1, word(IFF_UP)],
    [BPF.RET, 0, 0, 0],
    [BPF.RET, 0, 0, WHOLE_MESSAGE],
  );
  const bytes = Buffer.alloc(instructions.length * 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  instructions.forEach(([code, jumpTrue, jumpFalse, value], at) => {
    view.setUint16(at * 8, code, LITTLE_ENDIAN);
    view.setUint8(at * 8 + 2, jumpTrue);
    view.setUint8(at * 8 + 3, jumpFalse);
    view.setUint32(at * 8 + 4, value, LITTLE_ENDIAN);
  });
  return bytes;
}

/** BPF loads big-endian numbers. Netlink's are in the machine's order. */
function word(value: number): number {
  if (!LITTLE_ENDIAN) return value;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.readUInt32BE();
}

function half(value: number): number {
  return LITTLE_ENDIAN ? ((value & 0xff) << 8) | (value >> 8) : value;
}
