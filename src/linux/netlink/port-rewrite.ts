import { ipv4Bytes } from './ip-bytes.ts';
import { NetlinkMessage, NLM_F } from './message.ts';
import { NFNL_SUBSYS_NFTABLES } from './netlink-socket.ts';

// linux/netfilter/nf_tables.h, nfnetlink.h and netfilter_ipv4.h.
const NFPROTO_IPV4 = 2;
const NFT_MSG = { NEWTABLE: 0, DELTABLE: 2, NEWCHAIN: 3, NEWRULE: 6 } as const;
const NLM_F_APPEND = 0x800;
const NFTA_TABLE_NAME = 1;
const NFTA_CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 } as const;
const NFTA_HOOK = { HOOKNUM: 1, PRIORITY: 2 } as const;
const NFTA_RULE = { TABLE: 1, CHAIN: 2, EXPRESSIONS: 4 } as const;
const NFTA_LIST_ELEM = 1;
const NFTA_EXPR = { NAME: 1, DATA: 2 } as const;
const NFTA_PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LEN: 4, SREG: 5, CSUM_TYPE: 6, CSUM_OFFSET: 7 } as const;
const NFTA_CMP = { SREG: 1, OP: 2, DATA: 3 } as const;
const NFTA_META = { DREG: 1, KEY: 2 } as const;
const NFTA_IMMEDIATE = { DREG: 1, DATA: 2 } as const;
const NFTA_DATA_VALUE = 1;
const NFT_REG_1 = 1;
const NFT_META_L4PROTO = 16;
const NFT_PAYLOAD = { NETWORK_HEADER: 1, TRANSPORT_HEADER: 2 } as const;
const NFT_PAYLOAD_CSUM_INET = 1;
const NF_INET_LOCAL_OUT = 3;
const NF_ACCEPT = 1;
/** Offsets of addresses in the IPv4 header and of ports in those of UDP and TCP. */
const SOURCE = { address: 12, port: 0 } as const;
const DESTINATION = { address: 16, port: 2 } as const;
/** Number and offset of the checksum. */
const PROTOCOL = { udp: { number: 17, checksum: 6 }, tcp: { number: 6, checksum: 16 } } as const;
type Protocol = keyof typeof PROTOCOL;

/** Ports of one local IPv4 address that stand for another port of it. */
export interface PortRewrite {
  /** Name of the nftables table. */
  readonly table: string;
  readonly address: string;
  /** The port that programs of the namespace use. */
  readonly port: number;
  /** The ports at which sockets listen. */
  readonly sockets: Readonly<Record<Protocol, number>>;
  /** Whether the namespace has no such table. Otherwise the table is replaced, which takes longer. */
  readonly isNew: boolean;
}

/**
 * Rules by which a local port is reached under another number, in both directions, without connection tracking. The
 * first chain is the last one on the way out, the second the first one on the way back, so that other rules of the
 * namespace see the port that programs use only. For {@link NetlinkSocket.commit} on a socket of NETLINK.NETFILTER in the namespace.
 */
export function rewritePort({ table, address, port, sockets, isNew }: PortRewrite): readonly NetlinkMessage[] {
  const rules = (chain: string, side: typeof SOURCE | typeof DESTINATION, isAnswer: boolean) =>
    (['udp', 'tcp'] as const).map((protocol) => {
      const [from, to] = isAnswer ? [sockets[protocol], port] : [port, sockets[protocol]];
      return newRule({ table, chain, protocol, side, address, from, to });
    });
  const replace = [newTable(table), message(NFT_MSG.DELTABLE, 0).text(NFTA_TABLE_NAME, table)];
  return [
    ...(isNew ? [] : replace),
    newTable(table),
    newChain(table, 'asked', 300),
    ...rules('asked', DESTINATION, false),
    newChain(table, 'answered', -310),
    ...rules('answered', SOURCE, true),
  ];
}

function newTable(table: string): NetlinkMessage {
  return message(NFT_MSG.NEWTABLE, NLM_F.CREATE).text(NFTA_TABLE_NAME, table);
}

function newChain(table: string, name: string, priority: number): NetlinkMessage {
  return message(NFT_MSG.NEWCHAIN, NLM_F.CREATE)
    .text(NFTA_CHAIN.TABLE, table)
    .text(NFTA_CHAIN.NAME, name)
    .nested(NFTA_CHAIN.HOOK, (hook) =>
      hook
        .attribute(NFTA_HOOK.HOOKNUM, bigEndian(NF_INET_LOCAL_OUT))
        .attribute(NFTA_HOOK.PRIORITY, bigEndian(priority)),
    )
    .attribute(NFTA_CHAIN.POLICY, bigEndian(NF_ACCEPT))
    .text(NFTA_CHAIN.TYPE, 'filter');
}

interface Rule {
  readonly table: string;
  readonly chain: string;
  readonly protocol: Protocol;
  readonly side: typeof SOURCE | typeof DESTINATION;
  readonly address: string;
  readonly from: number;
  readonly to: number;
}

/** As `ip daddr A udp dport FROM udp dport set TO`, or with the source. */
function newRule({ table, chain, protocol, side, address, from, to }: Rule): NetlinkMessage {
  const { number, checksum } = PROTOCOL[protocol];
  return message(NFT_MSG.NEWRULE, NLM_F.CREATE | NLM_F_APPEND)
    .text(NFTA_RULE.TABLE, table)
    .text(NFTA_RULE.CHAIN, chain)
    .nested(NFTA_RULE.EXPRESSIONS, (rule) => {
      load(rule, NFT_PAYLOAD.NETWORK_HEADER, side.address, 4);
      compare(rule, ipv4Bytes(address));
      expression(rule, 'meta', (meta) =>
        meta.attribute(NFTA_META.KEY, bigEndian(NFT_META_L4PROTO)).attribute(NFTA_META.DREG, bigEndian(NFT_REG_1)),
      );
      compare(rule, Uint8Array.of(number));
      load(rule, NFT_PAYLOAD.TRANSPORT_HEADER, side.port, 2);
      compare(rule, portBytes(from));
      expression(rule, 'immediate', (immediate) =>
        immediate
          .attribute(NFTA_IMMEDIATE.DREG, bigEndian(NFT_REG_1))
          .nested(NFTA_IMMEDIATE.DATA, (data) => data.attribute(NFTA_DATA_VALUE, portBytes(to))),
      );
      store(rule, side.port, checksum);
    });
}

/** Loads a part of the packet into the register. */
function load(rule: NetlinkMessage, base: number, offset: number, length: number): void {
  expression(rule, 'payload', (payload) =>
    payload
      .attribute(NFTA_PAYLOAD.DREG, bigEndian(NFT_REG_1))
      .attribute(NFTA_PAYLOAD.BASE, bigEndian(base))
      .attribute(NFTA_PAYLOAD.OFFSET, bigEndian(offset))
      .attribute(NFTA_PAYLOAD.LEN, bigEndian(length)),
  );
}

/** Stores the register as a port. The kernel corrects the checksum. */
function store(rule: NetlinkMessage, offset: number, checksum: number): void {
  expression(rule, 'payload', (payload) =>
    payload
      .attribute(NFTA_PAYLOAD.SREG, bigEndian(NFT_REG_1))
      .attribute(NFTA_PAYLOAD.BASE, bigEndian(NFT_PAYLOAD.TRANSPORT_HEADER))
      .attribute(NFTA_PAYLOAD.OFFSET, bigEndian(offset))
      .attribute(NFTA_PAYLOAD.LEN, bigEndian(2))
      .attribute(NFTA_PAYLOAD.CSUM_TYPE, bigEndian(NFT_PAYLOAD_CSUM_INET))
      .attribute(NFTA_PAYLOAD.CSUM_OFFSET, bigEndian(checksum)),
  );
}

/** Ends the rule unless the register holds these bytes. */
function compare(rule: NetlinkMessage, bytes: Uint8Array): void {
  expression(rule, 'cmp', (cmp) =>
    cmp
      .attribute(NFTA_CMP.SREG, bigEndian(NFT_REG_1))
      .attribute(NFTA_CMP.OP, bigEndian(0))
      .nested(NFTA_CMP.DATA, (data) => data.attribute(NFTA_DATA_VALUE, bytes)),
  );
}

function expression(rule: NetlinkMessage, name: string, fill: (data: NetlinkMessage) => void): void {
  rule.nested(NFTA_LIST_ELEM, (element) => element.text(NFTA_EXPR.NAME, name).nested(NFTA_EXPR.DATA, fill));
}

/** A message with struct nfgenmsg. */
function message(type: number, flags: number): NetlinkMessage {
  const result = new NetlinkMessage((NFNL_SUBSYS_NFTABLES << 8) | type, flags);
  result.reserve(4)[0] = NFPROTO_IPV4;
  return result;
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}
