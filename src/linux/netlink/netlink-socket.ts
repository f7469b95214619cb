import koffi from 'koffi';
import { libc } from '../libc.ts';
import { check, SyscallError } from '../syscall-error.ts';
import {
  decodeAttributes,
  decodeMessages,
  NetlinkMessage,
  NLM_F,
  type ReceivedMessage,
  readU32,
  textOf,
} from './message.ts';

const socket = libc.func('int socket(int domain, int type, int protocol)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const send = libc.func('intptr_t send(int fd, const void *bytes, size_t length, int flags)');
const recv = libc.func('intptr_t recv(int fd, void *bytes, size_t length, int flags)');
const close = libc.func('int close(int fd)');

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NLM_F_DUMP_INTR = 0x10;
const NLMSGERR_ATTR_MSG = 1;
const RECEIVE_BYTES = 64 * 1024;
/** Messages per send: the acknowledgements of all must fit into the receive buffer of a socket. */
const BATCH = 64;

/** Protocols of netlink(7). */
export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const;

/** Subsystem of nfnetlink whose messages {@link NetlinkSocket.commit} takes. */
export const NFNL_SUBSYS_NFTABLES = 10;

/**
 * A netlink socket with blocking calls: the kernel works within `send`, and waits for its own locks (rtnl_lock: tens of
 * milliseconds while links are being deleted). Use it on a worker thread. It belongs to the network namespace of its
 * thread at the time of opening. CLOEXEC.
 */
export class NetlinkSocket implements Disposable {
  #fd: number;
  #sequence = 0;
  readonly #receive = Buffer.allocUnsafeSlow(RECEIVE_BYTES);

  /** @throws SyscallError EPROTONOSUPPORT */
  constructor(protocol: number = NETLINK.ROUTE) {
    this.#fd = check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), 'socket', 'netlink');
    const on = Buffer.from([1, 0, 0, 0]);
    if (readU32(on) !== 1) on.reverse();
    // Acknowledgements without the echoed request, and with the kernel's own message. Both options may be missing.
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, on, 4);
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, on, 4);
  }

  /**
   * Sends all messages at once and waits for every acknowledgement. After a failed message the kernel continues with
   * the next: check the result before relying on a later one.
   * @returns one entry per message, undefined when it succeeded
   */
  transact(messages: readonly NetlinkMessage[]): readonly (SyscallError | undefined)[] {
    const results: (SyscallError | undefined)[] = [];
    for (let at = 0; at < messages.length; at += BATCH) results.push(...this.#batch(messages.slice(at, at + BATCH)));
    return results;
  }

  /**
   * Commits messages of one nfnetlink subsystem as a transaction: all or none. For a socket of NETLINK.NETFILTER.
   * @throws SyscallError the first error; nothing was changed
   */
  commit(subsystem: number, messages: readonly NetlinkMessage[]): void {
    const mark = (type: number): Buffer => {
      const message = new NetlinkMessage(type, 0);
      // struct nfgenmsg, whose last field names the subsystem in network order.
      message.reserve(4).writeUInt16BE(subsystem, 2);
      return message.encode(++this.#sequence, NLM_F.REQUEST);
    };
    const begin = mark(NFNL_MSG_BATCH_BEGIN);
    const first = this.#sequence;
    const encoded = messages.map((message) => message.encode(++this.#sequence, NLM_F.REQUEST | NLM_F.ACK));
    const last = this.#sequence;
    this.#send(Buffer.concat([begin, ...encoded, mark(NFNL_MSG_BATCH_END)]));
    for (let acknowledged = first; acknowledged < last; ) {
      for (const answer of this.#receiveMessages()) {
        if (answer.type !== NLMSG_ERROR || answer.sequence < first || answer.sequence > last) continue;
        const error = errorOf(answer);
        if (error !== undefined) throw error;
        acknowledged++;
      }
    }
  }

  #batch(messages: readonly NetlinkMessage[]): readonly (SyscallError | undefined)[] {
    const first = this.#sequence + 1;
    const encoded = messages.map((message) => message.encode(++this.#sequence, NLM_F.REQUEST | NLM_F.ACK));
    this.#send(encoded.length === 1 && encoded[0] !== undefined ? encoded[0] : Buffer.concat(encoded));
    const results = new Array<SyscallError | undefined>(messages.length);
    for (let missing = messages.length; missing > 0; ) {
      for (const answer of this.#receiveMessages()) {
        const index = answer.sequence - first;
        if (answer.type !== NLMSG_ERROR || index < 0 || index >= messages.length) continue;
        missing--;
        results[index] = errorOf(answer);
      }
    }
    return results;
  }

  /** As {@link transact}. @throws SyscallError the first error */
  execute(...messages: readonly NetlinkMessage[]): void {
    const failed = this.transact(messages).find((error) => error !== undefined);
    if (failed !== undefined) throw failed;
  }

  /**
   * Returns all responses to a dump request. Starts again when the kernel reports that the table has changed meanwhile.
   * @throws SyscallError
   */
  dump(request: NetlinkMessage): readonly Buffer[] {
    for (let attempt = 0; ; attempt++) {
      const { payloads, interrupted } = this.#dumpOnce(request);
      if (!interrupted || attempt === 5) return payloads;
    }
  }

  #dumpOnce(request: NetlinkMessage): { payloads: Buffer[]; interrupted: boolean } {
    const sequence = ++this.#sequence;
    this.#send(request.encode(sequence, NLM_F.REQUEST | NLM_F.DUMP));
    const payloads: Buffer[] = [];
    let interrupted = false;
    for (;;) {
      for (const answer of this.#receiveMessages()) {
        if (answer.sequence !== sequence) continue;
        interrupted ||= (answer.flags & NLM_F_DUMP_INTR) !== 0;
        if (answer.type === NLMSG_ERROR) {
          const error = errorOf(answer);
          if (error !== undefined) throw error;
        }
        if (answer.type === NLMSG_DONE) return { payloads, interrupted };
        payloads.push(Buffer.from(answer.payload));
      }
    }
  }

  #send(bytes: Buffer): void {
    for (;;) {
      const sent = Number(send(this.#fd, bytes, bytes.length, 0));
      if (sent >= 0) return;
      if (koffi.errno() !== koffi.os.errno['EINTR']) check(sent, 'send', 'netlink');
    }
  }

  #receiveMessages(): Iterable<ReceivedMessage> {
    for (;;) {
      const length = Number(recv(this.#fd, this.#receive, RECEIVE_BYTES, 0));
      if (length >= 0) return decodeMessages(this.#receive.subarray(0, length));
      if (koffi.errno() !== koffi.os.errno['EINTR']) check(length, 'recv', 'netlink');
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd === -1) return;
    close(this.#fd);
    this.#fd = -1;
  }
}

function errorOf(answer: ReceivedMessage): SyscallError | undefined {
  const errno = -(readU32(answer.payload) | 0);
  if (errno === 0) return undefined;
  // struct nlmsgerr: errno, then the header of the request, then the attributes.
  const words = textOf(decodeAttributes(answer.payload, 20).get(NLMSGERR_ATTR_MSG));
  return new SyscallError('netlink', errno, words);
}
