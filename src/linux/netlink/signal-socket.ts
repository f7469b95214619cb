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
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const MSG_DONTWAIT = 0x40;
const ENOBUFS = 105;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC = 0o20000;

/** The signal that announces events. The process must handle it before a {@link SignalSocket} is opened. */
export const WATCH_SIGNAL = 'SIGIO';

/** An instruction of classic BPF (linux/filter.h). */
export type FilterInstruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number];

export const BPF = {
  LD_W_ABS: 0x20,
  LD_H_ABS: 0x28,
  LD_W_IND: 0x40,
  LD_IMM: 0x00,
  LDX_IMM: 0x01,
  TAX: 0x07,
  JEQ: 0x15,
  JSET: 0x45,
  JA: 0x05,
  RET: 0x06,
} as const;
/** Where a load of a word finds the attribute of type X that follows offset A (SKF_AD_OFF + SKF_AD_NLATTR). */
export const FIND_ATTRIBUTE = 0xfffff00c;
export const WHOLE_MESSAGE = 0xffffffff;

/**
 * Sends the process {@link WATCH_SIGNAL} for each netlink message to the groups that passes a filter in the kernel
 * (netlink(7), socket(7)). The socket belongs to the network namespace of the thread that opened it. CLOEXEC.
 */
export class SignalSocket implements Disposable {
  #fd: number;
  readonly #scratch = Buffer.allocUnsafeSlow(4096);

  /** @throws SyscallError */
  constructor(from: {
    readonly protocol: number;
    readonly groups: number;
    readonly filter: readonly FilterInstruction[];
  }) {
    this.#fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, from.protocol), 'socket', 'netlink');
    try {
      this.filter(from.filter);
      // struct sockaddr_nl: family, padding, port id of the kernel's choice, groups.
      const address = new DataView(new ArrayBuffer(12));
      address.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
      address.setUint32(8, from.groups, LITTLE_ENDIAN);
      check(bind(this.#fd, Buffer.from(address.buffer), 12), 'bind', 'netlink');
      check(fcntl(this.#fd, F_SETOWN, process.pid), 'fcntl', 'F_SETOWN');
      const flags = check(fcntl(this.#fd, F_GETFL, 0), 'fcntl', 'F_GETFL');
      check(fcntl(this.#fd, F_SETFL, flags | O_ASYNC), 'fcntl', 'F_SETFL');
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Replaces the filter. @throws SyscallError ENOMEM for too many instructions */
  filter(instructions: readonly FilterInstruction[]): void {
    const code = encode(instructions);
    // struct sock_fprog: the number of instructions and, aligned, their address.
    const program = Buffer.alloc(16);
    if (LITTLE_ENDIAN) {
      program.writeUInt16LE(instructions.length, 0);
      program.writeBigUInt64LE(BigInt(koffi.address(code)), 8);
    } else {
      program.writeUInt16BE(instructions.length, 0);
      program.writeBigUInt64BE(BigInt(koffi.address(code)), 8);
    }
    check(setsockopt(this.#fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length), 'setsockopt', 'filter');
  }

  /** Drops pending events, so that the next one is signalled. */
  drain(): void {
    for (;;) {
      const size = Number(recv(this.#fd, this.#scratch, this.#scratch.length, MSG_DONTWAIT));
      // After more events than the socket holds, one call fails, and the events that it holds follow.
      if (size === 0 || (size < 0 && koffi.errno() !== ENOBUFS)) return;
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd === -1) return;
    close(this.#fd);
    this.#fd = -1;
  }
}

function encode(instructions: readonly FilterInstruction[]): Buffer {
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
export function word(value: number): number {
  if (!LITTLE_ENDIAN) return value;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.readUInt32BE();
}

/** As {@link word}, of 16 bits. */
export function half(value: number): number {
  return LITTLE_ENDIAN ? ((value & 0xff) << 8) | (value >> 8) : value;
}
