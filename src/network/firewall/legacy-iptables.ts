import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TableFamily } from './table.ts';

/**
 * The rules of xtables' own kernel tables, which nftables does not show. Reading them takes a process, so they are read
 * only where something uses them: at the start, and when the firewall is checked again. Acts on the calling thread's
 * network namespace.
 */

/** Lets bridges through a FORWARD chain that drops packets, as `addForeignAccepts` does. */
export function addLegacyAccepts(families: readonly TableFamily[], bridges: readonly string[]): void {
  for (const family of families) {
    const rules = legacyRules(family);
    if (!rules.includes('-P FORWARD DROP')) continue;
    const [chain, verb] = rules.includes('-N DOCKER-USER') ? ['DOCKER-USER', '-I'] : ['FORWARD', '-A'];
    for (const rule of wanted(bridges).map((each) => `${chain} ${each}`)) {
      if (!rules.includes(`-A ${rule}`)) run(FAMILIES[family].command, [verb, ...rule.split(' ')]);
    }
  }
}

/** Removes the rules that {@link addLegacyAccepts} added. Missing rules are success. */
export function removeLegacyAccepts(families: readonly TableFamily[], bridges: readonly string[]): void {
  for (const family of families) {
    const rules = legacyRules(family);
    const ours = ['DOCKER-USER', 'FORWARD'].flatMap((chain) => wanted(bridges).map((rule) => `${chain} ${rule}`));
    for (const rule of ours) {
      if (rules.includes(`-A ${rule}`)) run(FAMILIES[family].command, ['-D', ...rule.split(' ')]);
    }
  }
}

/**
 * Tables in which a rule names the link, directly or by a pattern (`docker+`). When the command that lists a table is
 * missing, the table is included, since it may name the link.
 */
export function legacyTablesNaming(link: string): readonly string[] {
  return Object.values(FAMILIES).flatMap(({ names, command }) =>
    tablesIn(names).flatMap((table) => {
      const { stdout, error } = spawnSync(command, ['-w', '5', '-t', table, '-S'], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      return error !== undefined || rulesName(stdout, link) ? [`table ${table} of ${command}`] : [];
    }),
  );
}

const FAMILIES = {
  ip: { names: '/proc/thread-self/net/ip_tables_names', command: 'iptables-legacy' },
  ip6: { names: '/proc/thread-self/net/ip6_tables_names', command: 'ip6tables-legacy' },
} as const satisfies Record<TableFamily, object>;

/** Exported for tests: whether a rule of `iptables -S` names the link. */
export function rulesName(listed: string, link: string): boolean {
  return [...listed.matchAll(/ (?:-[io]|--physdev-(?:in|out)) (\S+)/g)].some(
    ([, name = '']) => name === link || (name.endsWith('+') && link.startsWith(name.slice(0, -1))),
  );
}

function tablesIn(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return []; // This kernel has no such tables.
  }
}

function wanted(bridges: readonly string[]): readonly string[] {
  return bridges.flatMap((bridge) => [`-i ${bridge} -j ACCEPT`, `-o ${bridge} -j ACCEPT`]);
}

/** Returns the lines of `iptables -S`. Empty where the tables are unused or the command is missing. */
function legacyRules(family: TableFamily): readonly string[] {
  const { names, command } = FAMILIES[family];
  return tablesIn(names).includes('filter') ? run(command, ['-S']).split('\n') : [];
}

function run(command: string, args: readonly string[]): string {
  const { stdout } = spawnSync(command, ['-w', '5', ...args], { encoding: 'utf8', timeout: 10_000 });
  return stdout ?? '';
}
