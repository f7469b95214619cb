import { BPF, type FilterInstruction, half, SignalSocket, WHOLE_MESSAGE } from './signal-socket.ts';

const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES of linux/netfilter/nfnetlink.h is group 7. */
const NFTABLES_GROUP = 1 << 6;
const NFNL_SUBSYS_NFTABLES = 10;
/** The changes that starts and stops of containers make, and the message that ends each transaction. */
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const NFT_MSG_NEWGEN = 15;
const TYPE_OFFSET = 4;

/**
 * Sends the process a signal when tables, chains, rules or sets of nftables change, those of iptables-nft too. Changes of
 * elements are not signalled, so that starts of containers cost nothing. A change of several kinds counts as its first.
 */
export class FirewallWatch implements Disposable {
  readonly #socket: SignalSocket;

  /** @throws SyscallError */
  constructor() {
    this.#socket = new SignalSocket({ protocol: NETLINK_NETFILTER, groups: NFTABLES_GROUP, filter: FILTER });
  }

  /** Drops pending events, so that the next one is signalled. */
  drain(): void {
    this.#socket.drain();
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const type = (message: number): number => half((NFNL_SUBSYS_NFTABLES << 8) | message);

const FILTER: readonly FilterInstruction[] = [
  [BPF.LD_H_ABS, 0, 0, TYPE_OFFSET],
  [BPF.JEQ, 3, 0, type(NFT_MSG_NEWSETELEM)],
  [BPF.JEQ, 2, 0, type(NFT_MSG_DELSETELEM)],
  [BPF.JEQ, 1, 0, type(NFT_MSG_NEWGEN)],
  [BPF.RET, 0, 0, WHOLE_MESSAGE],
  [BPF.RET, 0, 0, 0],
];
