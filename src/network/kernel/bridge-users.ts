import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { listLinks, type NetlinkSocket, type Nftables } from '../../linux/index.ts';
import { legacyTablesNaming } from '../firewall/legacy-iptables.ts';

/**
 * Finds other users of a bridge: a firewall table (of any family) that names it, a link on top of it, a dockerd whose
 * stored networks name it. Ports of the bridge are not included. Acts on the calling thread's network namespace.
 * @returns phrases that end a warning; [] when there is no user
 */
export function bridgeUsers(
  host: { readonly netlink: NetlinkSocket; readonly nftables: Nftables; readonly ownTable: string },
  bridge: { readonly name: string; readonly index: number },
): readonly string[] {
  return [
    // In the family inet the engine has a chain for the user's rules, which may name the bridge.
    ...tablesNaming(host.nftables.run('list ruleset\n'), bridge.name).filter(
      (table) => !['ip', 'ip6', 'inet'].some((family) => table === `table ${family} ${host.ownTable}`),
    ),
    ...legacyTablesNaming(bridge.name),
    ...listLinks(host.netlink)
      .filter(({ lower, kind }) => lower === bridge.index && kind !== 'veth')
      .map(({ name }) => `link ${name}`),
    ...enginesNaming(bridge.name),
  ];
}

/** The tables of a listed ruleset in which a rule, set or hook names the link, directly or by a pattern (`docker*`). */
export function tablesNaming(ruleset: string, link: string): readonly string[] {
  const found = new Set<string>();
  let table = '';
  for (const line of ruleset.split('\n')) {
    const opened = /^table (\S+ \S+) \{/.exec(line);
    if (opened !== null) table = opened[1] ?? '';
    const code = line.replace(/ comment "[^"]*"/g, '');
    for (const [, quoted = ''] of code.matchAll(/"([^"]+)"/g)) {
      const isPrefix = quoted.endsWith('*') && link.startsWith(quoted.slice(0, -1));
      if (quoted === link || isPrefix) found.add(`table ${table}`);
    }
  }
  return [...found];
}

/** Docker's engine may work without firewall rules, but its store of networks names the bridge in any case. */
function enginesNaming(bridge: string): readonly string[] {
  const here = statSync('/proc/thread-self/ns/net').ino;
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'dockerd\n') continue;
      if (statSync(`/proc/${pid}/ns/net`).ino !== here) continue;
      if (storesOf(pid).some((path) => contains(path, `"BridgeName":"${bridge}"`)))
        found.push(`dockerd, process ${pid}`);
    } catch {
      // The process has ended meanwhile.
    }
  }
  return found;
}

/** Open files are read by their descriptor, since the process may have other mounts. */
function storesOf(pid: string): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .map((fd) => `${folder}/${fd}`)
    .filter((path) => readlinkSync(path).endsWith('/network/files/local-kv.db'));
}

/** Reads in pieces: a foreign file may have any size. */
function contains(path: string, text: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(64 * 1024);
    let kept = 0;
    for (let length = 1; length > 0; ) {
      length = readSync(fd, piece, kept, piece.length - kept, null);
      const filled = piece.subarray(0, kept + length);
      if (filled.includes(text)) return true;
      kept = Math.min(filled.length, text.length - 1);
      piece.copyWithin(0, filled.length - kept, filled.length);
    }
    return false;
  } finally {
    closeSync(fd);
  }
}
