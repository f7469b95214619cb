import { messageOf } from '../../base/errors.ts';
import type { Nftables } from '../../linux/index.ts';
import { joinFirewalld, leaveFirewalld } from './firewalld.ts';
import type { TableFamily } from './table.ts';

/** A chain of another program that drops forwarded packets which no rule accepts. Its drop overrides our accept. */
interface DroppingChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/**
 * The chains of iptables-nft in which rules of ours let packets through. Docker's users put their own rules into
 * DOCKER-USER, which FORWARD calls first.
 */
type Door = 'DOCKER-USER' | 'FORWARD';

/**
 * Adds rules that let the bridge's packets through chains of other programs which drop them, by policy or by a rule for
 * the bridge. The rules go into DOCKER-USER, else to the end of iptables' FORWARD (ufw), where explicit rules of the host
 * precede them, or the bridge joins a zone of firewalld. A warning names other chains. May be repeated: it adds its rules
 * once. Blocks.
 * @returns warnings for users, [] when nothing drops packets
 */
export function addForeignAccepts(
  nftables: Nftables,
  families: readonly TableFamily[],
  bridges: readonly string[],
): readonly string[] {
  let listed: string;
  try {
    listed = nftables.run([...families, 'inet'].map((family) => `list chains ${family}\n`).join(''));
  } catch (error) {
    return [`The firewall's other rules could not be read: ${messageOf(error)}`];
  }
  const warnings: string[] = [];
  const doors = families.filter((family) => hasChain(listed, family, 'filter', 'DOCKER-USER'));
  for (const family of doors) {
    const dropped = droppedBridges(nftables.run(`list table ${family} filter\n`), bridges);
    letThrough(nftables, family, 'DOCKER-USER', dropped);
  }
  for (const { family, table, chain } of droppingChains(listed)) {
    const own = families.find((each) => each === family);
    if (table === 'filter' && chain === 'FORWARD' && own !== undefined) {
      letThrough(nftables, own, doors.includes(own) ? 'DOCKER-USER' : 'FORWARD', bridges);
      continue;
    }
    warnings.push(
      `Chain ${chain} of the firewall's table ${family} ${table} drops forwarded packets: containers can't reach other ` +
        `networks, and published ports are closed, until it accepts ${bridges.join(', ')}.`,
    );
  }
  return [...warnings, ...joinFirewalld(nftables, listed, bridges)];
}

/** Removes the rules that {@link addForeignAccepts} added. Missing rules are success. */
export function removeForeignAccepts(
  nftables: Nftables,
  families: readonly TableFamily[],
  bridges: readonly string[],
): void {
  for (const family of families) {
    for (const door of ['DOCKER-USER', 'FORWARD'] as const) {
      for (const { bridge, handle } of ourRules(nftables, family, door)) {
        if (bridges.includes(bridge)) nftables.run(`delete rule ${family} filter ${door} handle ${handle}\n`);
      }
    }
  }
  leaveFirewalld(nftables, bridges);
}

function letThrough(nftables: Nftables, family: TableFamily, door: Door, bridges: readonly string[]): void {
  const present = ourRules(nftables, family, door);
  const verb = door === 'FORWARD' ? 'add' : 'insert';
  let commands = '';
  for (const bridge of bridges) {
    for (const direction of ['iifname', 'oifname']) {
      if (present.some((rule) => rule.bridge === bridge && rule.direction === direction)) continue;
      // In the form that iptables-nft writes itself and can list.
      commands += `${verb} rule ${family} filter ${door} ${direction} "${bridge}" counter accept\n`;
    }
  }
  if (commands !== '') nftables.run(commands);
}

/**
 * Bridges whose packets a rule drops: a dockerd that took over the bridge drops packets to ports that it did not
 * publish.
 */
function droppedBridges(table: string, bridges: readonly string[]): readonly string[] {
  const rules = table.split('\n').filter((line) => line.trimEnd().endsWith(' drop') || / drop #/.test(line));
  return bridges.filter((bridge) => rules.some((rule) => rule.includes(`oifname "${bridge}"`)));
}

function ourRules(
  nftables: Nftables,
  family: TableFamily,
  door: Door,
): readonly { direction: string; bridge: string; handle: string }[] {
  let text: string;
  try {
    text = nftables.run(`list chain ${family} filter ${door}\n`);
  } catch {
    return [];
  }
  const rules = [];
  for (const match of text.matchAll(
    /^\s*([io]ifname) "([^"]+)" counter packets \d+ bytes \d+ accept # handle (\d+)$/gm,
  )) {
    rules.push({ direction: match[1] ?? '', bridge: match[2] ?? '', handle: match[3] ?? '' });
  }
  return rules;
}

/** Exported for tests: lists base chains at the forward hook whose policy is drop. */
export function droppingChains(listed: string): readonly DroppingChain[] {
  const found: DroppingChain[] = [];
  let family = '';
  let table = '';
  let chain = '';
  for (const line of listed.split('\n')) {
    const inTable = /^table (\S+) (\S+) \{/.exec(line);
    const inChain = /^\s+chain (\S+) \{/.exec(line);
    if (inTable !== null) [, family = '', table = ''] = inTable;
    else if (inChain !== null) chain = inChain[1] ?? '';
    else if (/type filter hook forward .*policy drop;/.test(line)) found.push({ family, table, chain });
  }
  return found;
}

function hasChain(listed: string, family: TableFamily, table: string, chain: string): boolean {
  const at = listed.search(new RegExp(`^table ${family} ${table} \\{`, 'm'));
  if (at === -1) return false;
  const end = listed.indexOf('\n}', at);
  return listed.slice(at, end).includes(`chain ${chain} {`);
}
