import { readFileSync } from 'node:fs';
import { libc } from './libc.ts';
import { AF } from './netlink/ip-bytes.ts';
import { check, SyscallError } from './syscall-error.ts';

/**
 * Tables of xtables ("iptables-legacy"), which nftables does not show, read as `iptables-legacy -S` reads them but without
 * a process. Acts on the calling thread's network namespace. Source: linux/netfilter_ipv4/ip_tables.h and its IPv6
 * counterpart, linux/netfilter/x_tables.h.
 */

const socket = libc.func('int socket(int domain, int type, int protocol)');
const close = libc.func('int close(int fd)');
const getsockopt = libc.func('int getsockopt(int fd, int level, int name, void *value, _Inout_ uint *length)');

const SOCK_RAW_CLOEXEC = 0o2000003;
const IPPROTO_RAW = 255;
const SO_GET_INFO = 64;
const SO_GET_ENTRIES = 65;
const NAME_BYTES = 32;
/** struct ipt_getinfo: name, valid hooks, entries and underflows of 5 hooks, number of entries, bytes of entries. */
const INFO = { validHooks: 32, underflow: 56, size: 80, bytes: 84 } as const;
/** struct ipt_get_entries: name, size, padding. */
const ENTRIES_BYTES = 40;
const NF_INET_FORWARD = 2;
/** As the kernel stores the verdict of a policy: -NF_DROP - 1. */
const DROP = -1;
/** Of struct xt_entry_match and xt_entry_target: size, name and revision. */
const EXTENSION_BYTES = 32;
const IFNAMSIZ = 16;
/** A table that changes between two calls is read again. */
const ATTEMPTS = 20;

const FAMILIES = {
  ip: { domain: AF[4], level: 0, names: 'ip_tables_names', links: 16, offsets: 88, entryBytes: 112 },
  ip6: { domain: AF[6], level: 41, names: 'ip6_tables_names', links: 64, offsets: 140, entryBytes: 168 },
} as const;
type Layout = (typeof FAMILIES)[keyof typeof FAMILIES];

export interface XtablesTable {
  /** Whether the policy of the chain FORWARD is DROP. False for tables without this chain. */
  readonly forwardDrops: boolean;
  /** Whether a rule names the link, directly, by a pattern (`docker+`), or as a port of a bridge. */
  names(link: string): boolean;
}

/** The tables that are in use: reading another one would load its module. */
export function xtablesInUse(family: keyof typeof FAMILIES): readonly string[] {
  try {
    return readFileSync(`/proc/thread-self/net/${FAMILIES[family].names}`, 'utf8').split('\n').filter(Boolean);
  } catch {
    return []; // This kernel has no such tables.
  }
}

/** @throws SyscallError EPERM; ENOENT for a table that is not there; EAGAIN for one that never stands still */
export function readXtables(family: keyof typeof FAMILIES, table: string): XtablesTable {
  const layout = FAMILIES[family];
  const fd = check(socket(layout.domain, SOCK_RAW_CLOEXEC, IPPROTO_RAW), 'socket', `xtables ${table}`);
  try {
    for (let attempt = 1; ; attempt++) {
      const info = ask(fd, { layout, option: SO_GET_INFO, table, bytes: INFO.bytes });
      const size = info.readUInt32LE(INFO.size);
      try {
        const entries = ask(fd, { layout, option: SO_GET_ENTRIES, table, bytes: ENTRIES_BYTES + size, size });
        return tableOf(layout, info, entries.subarray(ENTRIES_BYTES));
      } catch (error) {
        if (!(error instanceof SyscallError) || error.code !== 'EAGAIN' || attempt === ATTEMPTS) throw error;
      }
    }
  } finally {
    close(fd);
  }
}

interface Question {
  readonly layout: Layout;
  readonly option: number;
  readonly table: string;
  readonly bytes: number;
  readonly size?: number;
}

function ask(fd: number, { layout, option, table, bytes, size }: Question): Buffer {
  const value = Buffer.alloc(bytes);
  value.write(table, 0, NAME_BYTES - 1, 'latin1');
  if (size !== undefined) value.writeUInt32LE(size, NAME_BYTES);
  check(getsockopt(fd, layout.level, option, value, [bytes]), 'getsockopt', `xtables ${table}`);
  return value;
}

function tableOf(layout: Layout, info: Buffer, entries: Buffer): XtablesTable {
  const hasForward = (info.readUInt32LE(INFO.validHooks) & (1 << NF_INET_FORWARD)) !== 0;
  return {
    forwardDrops: hasForward && dropsAt(layout, entries, info.readUInt32LE(INFO.underflow + 4 * NF_INET_FORWARD)),
    names(link) {
      for (let at = 0; at < entries.length; ) {
        const length = entries.readUInt16LE(at + layout.offsets + 2);
        if (length < layout.entryBytes) return false;
        if (entryNames(layout, entries.subarray(at, at + length), link)) return true;
        at += length;
      }
      return false;
    },
  };
}

/** Whether the rule at an offset, which is a chain's policy, drops. */
function dropsAt(layout: Layout, entries: Buffer, at: number): boolean {
  const target = at + entries.readUInt16LE(at + layout.offsets);
  return entries.readInt32LE(target + EXTENSION_BYTES) === DROP;
}

function entryNames(layout: Layout, entry: Buffer, link: string): boolean {
  if (pairNames(entry.subarray(layout.links), link)) return true;
  const target = entry.readUInt16LE(layout.offsets);
  for (let at = layout.entryBytes; at + EXTENSION_BYTES <= target; ) {
    const size = entry.readUInt16LE(at);
    if (size < EXTENSION_BYTES) return false;
    const name = entry.toString('latin1', at + 2, entry.indexOf(0, at + 2));
    const data = entry.subarray(at + EXTENSION_BYTES, at + size);
    // struct xt_physdev_info: name and mask of the port in, then of the port out.
    if (name === 'physdev' && [0, 2 * IFNAMSIZ].some((from) => maskedName(data, from, from + IFNAMSIZ, link)))
      return true;
    at += size;
  }
  return false;
}

/** The names of the links in and out, then their masks. */
function pairNames(links: Buffer, link: string): boolean {
  return [0, IFNAMSIZ].some((from) => maskedName(links, from, from + 2 * IFNAMSIZ, link));
}

/** A name with a mask of bytes: all of the name with its zero, or of its beginning. An empty mask names no link. */
function maskedName(bytes: Buffer, nameAt: number, maskAt: number, link: string): boolean {
  const asked = Buffer.alloc(IFNAMSIZ);
  asked.write(link, 0, IFNAMSIZ - 1, 'latin1');
  let isEmpty = true;
  for (let index = 0; index < IFNAMSIZ; index++) {
    const mask = bytes[maskAt + index] ?? 0;
    if (mask === 0) continue;
    isEmpty = false;
    if (((asked[index] ?? 0) & mask) !== ((bytes[nameAt + index] ?? 0) & mask)) return false;
  }
  return !isEmpty;
}
