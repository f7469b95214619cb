import {
  BPF,
  FIND_ATTRIBUTE,
  type FilterInstruction,
  half,
  SignalSocket,
  WHOLE_MESSAGE,
  word,
} from './signal-socket.ts';

const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_DELADDR = 21;
const IFF_UP = 0x1;
const IFLA_GROUP = 27;

/** What to watch. */
export interface WatchedLinks {
  readonly indexes: readonly number[];
  /** Links of this group announce their removal. */
  readonly group: number | undefined;
}

/**
 * Sends the process a signal when a watched link is removed or set down, or loses an address (rtnetlink(7)), and when a
 * link of a group is removed. A filter in the kernel drops all other messages, so that starts of containers cost nothing.
 */
export class BridgeWatch implements Disposable {
  readonly #socket: SignalSocket;

  /** Watches no link until {@link follow}. @throws SyscallError */
  constructor() {
    this.#socket = new SignalSocket({
      protocol: NETLINK_ROUTE,
      groups: RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
      filter: eventFilter({ indexes: [], group: undefined }),
    });
  }

  /** Watches these links instead. @throws SyscallError ENOMEM for too many */
  follow(links: WatchedLinks): void {
    this.#socket.filter(eventFilter(links));
  }

  /** Drops pending events, so that the next one is signalled. */
  drain(): void {
    this.#socket.drain();
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const TYPE_OFFSET = 4;
/** Offset in struct ifinfomsg and struct ifaddrmsg alike. */
const INDEX_OFFSET = 20;
const FLAGS_OFFSET = 24;
/** After struct ifinfomsg. */
const ATTRIBUTES_OFFSET = 32;
const ATTRIBUTE_HEADER_BYTES = 4;

function eventFilter({ indexes, group }: WatchedLinks): readonly FilterInstruction[] {
  return [...(group === undefined ? [] : removalFilter(group)), ...indexFilter(indexes)];
}

/** Passes removals of links of the group. Goes on with everything else. */
function removalFilter(group: number): readonly FilterInstruction[] {
  return [
    [BPF.LD_H_ABS, 0, 0, TYPE_OFFSET],
    [BPF.JEQ, 0, 8, half(RTM_DELLINK)],
    [BPF.LD_IMM, 0, 0, ATTRIBUTES_OFFSET],
    [BPF.LDX_IMM, 0, 0, IFLA_GROUP],
    [BPF.LD_W_ABS, 0, 0, FIND_ATTRIBUTE],
    [BPF.JEQ, 4, 0, 0],
    [BPF.TAX, 0, 0, 0],
    [BPF.LD_W_IND, 0, 0, ATTRIBUTE_HEADER_BYTES],
    [BPF.JEQ, 0, 1, word(group)],
    [BPF.RET, 0, 0, WHOLE_MESSAGE],
  ];
}

/** Passes the events of these links. */
function indexFilter(linkIndexes: readonly number[]): readonly FilterInstruction[] {
  const instructions: FilterInstruction[] = [];
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
  return instructions;
}
