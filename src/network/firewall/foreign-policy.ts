import { messageOf } from '../../base/errors.ts';
import type { Nftables } from '../../linux/index.ts';
import type { TableFamily } from './table.ts';

/** A chain of another program that drops forwarded packets which no rule accepts. Its drop overrides our accept. */
interface DroppingChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/** Docker's users put their own rules here. FORWARD of iptables and ip6tables calls it first. */
const dockerUser = (family: TableFamily): string => `${family} filter DOCKER-USER`;

/**
 * Adds rules that let the bridge's packets through chains of other programs which drop them, by policy or by a rule for
 * the bridge. The rules go into DOCKER-USER. Where that does not exist, a warning says so. May be repeated: it adds its
 * rules once. Blocks.
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
    enterDockerUser(nftables, family, droppedBridges(nftables.run(`list table ${family} filter\n`), bridges));
  }
  for (const { family, table, chain } of droppingChains(listed)) {
    const door = doors.find((each) => each === family);
    if (table === 'filter' && door !== undefined) {
      enterDockerUser(nftables, door, bridges);
      continue;
    }
    warnings.push(
      `Chain ${chain} of the firewall's table ${family} ${table} drops forwarded packets: containers can't reach other ` +
        `networks, and published ports are closed, until it accepts ${bridges.join(', ')}.`,
    );
  }
  if (/^table inet firewalld /m.test(listed)) {
    warnings.push(`firewalld is active: add ${bridges.join(', ')} to its zone "trusted".`);
  }
  return warnings;
}

/** Removes the rules that {@link addForeignAccepts} added. Missing rules are success. */
export function removeForeignAccepts(
  nftables: Nftables,
  families: readonly TableFamily[],
  bridges: readonly string[],
): void {
  for (const family of families) {
    for (const { bridge, handle } of ourRules(nftables, family)) {
      if (bridges.includes(bridge)) nftables.run(`delete rule ${dockerUser(family)} handle ${handle}\n`);
    }
  }
}

function enterDockerUser(nftables: Nftables, family: TableFamily, bridges: readonly string[]): void {
  const present = ourRules(nftables, family);
  let commands = '';
  for (const bridge of bridges) {
    for (const direction of ['iifname', 'oifname']) {
      if (present.some((rule) => rule.bridge === bridge && rule.direction === direction)) continue;
      // In the form that iptables-nft writes itself and can list.
      commands += `insert rule ${dockerUser(family)} ${direction} "${bridge}" counter accept\n`;
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
): readonly { direction: string; bridge: string; handle: string }[] {
  let text: string;
  try {
    text = nftables.run(`list chain ${dockerUser(family)}\n`);
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
