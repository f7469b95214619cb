import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * The rules of xtables' own kernel tables, which nftables does not show. Reading them takes a process, so they are read
 * only where something uses them: at the start, and when the firewall is checked again. Acts on the calling thread's
 * network namespace.
 */

const CHAIN = 'DOCKER-USER';

/**
 * Lets bridges through a FORWARD chain that drops packets, as `addForeignAccepts` does. @returns warnings for users
 */
export function addLegacyAccepts(bridges: readonly string[]): readonly string[] {
  const rules = legacyRules();
  if (!rules.includes('-P FORWARD DROP')) return [];
  if (!rules.includes(`-N ${CHAIN}`)) {
    return [
      `iptables-legacy's chain FORWARD drops: containers can't reach other networks, and published ports are closed, ` +
        `until it accepts ${bridges.join(', ')}.`,
    ];
  }
  for (const rule of wanted(bridges)) {
    if (!rules.includes(`-A ${rule}`)) run(['-I', ...rule.split(' ')]);
  }
  return [];
}

/** Removes the rules that {@link addLegacyAccepts} added. Missing rules are success. */
export function removeLegacyAccepts(bridges: readonly string[]): void {
  const rules = legacyRules();
  for (const rule of wanted(bridges)) if (rules.includes(`-A ${rule}`)) run(['-D', ...rule.split(' ')]);
}

/**
 * Tables in which a rule names the link, directly or by a pattern (`docker+`). When the command that lists a table is
 * missing, the table is included, since it may name the link.
 */
export function legacyTablesNaming(link: string): readonly string[] {
  return FAMILIES.flatMap(({ names, command }) =>
    tablesIn(names).flatMap((table) => {
      const { stdout, error } = spawnSync(command, ['-w', '5', '-t', table, '-S'], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      return error !== undefined || rulesName(stdout, link) ? [`table ${table} of ${command}`] : [];
    }),
  );
}

const FAMILIES = [
  { names: '/proc/thread-self/net/ip_tables_names', command: 'iptables-legacy' },
  { names: '/proc/thread-self/net/ip6_tables_names', command: 'ip6tables-legacy' },
] as const;

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
  return bridges.flatMap((bridge) => [`${CHAIN} -i ${bridge} -j ACCEPT`, `${CHAIN} -o ${bridge} -j ACCEPT`]);
}

/** Returns the lines of `iptables -S`. Empty where the tables are unused or the command is missing. */
function legacyRules(): readonly string[] {
  if (!tablesIn(FAMILIES[0].names).includes('filter')) return [];
  return run(['-S']).split('\n');
}

function run(args: readonly string[]): string {
  const { stdout } = spawnSync('iptables-legacy', ['-w', '5', ...args], { encoding: 'utf8', timeout: 10_000 });
  return stdout ?? '';
}
