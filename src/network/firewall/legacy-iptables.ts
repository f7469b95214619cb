import { spawnSync } from 'node:child_process';
import { readXtables, SyscallError, type XtablesTable, xtablesInUse } from '../../linux/index.ts';
import type { TableFamily } from './table.ts';

/**
 * The rules of xtables' own kernel tables, which nftables does not show. Changing them takes a process, so one is started
 * only where a policy drops packets. Acts on the calling thread's network namespace.
 */

/** Lets bridges through a FORWARD chain that drops packets, as `addForeignAccepts` does. */
export function addLegacyAccepts(families: readonly TableFamily[], bridges: readonly string[]): void {
  for (const family of families) {
    if (filterTable(family)?.forwardDrops !== true) continue;
    const rules = legacyRules(family);
    if (!rules.includes('-P FORWARD DROP')) continue;
    const [chain, verb] = rules.includes('-N DOCKER-USER') ? ['DOCKER-USER', '-I'] : ['FORWARD', '-A'];
    for (const rule of wanted(bridges).map((each) => `${chain} ${each}`)) {
      if (!rules.includes(`-A ${rule}`)) run(COMMANDS[family], [verb, ...rule.split(' ')]);
    }
  }
}

/** Removes the rules that {@link addLegacyAccepts} added. Missing rules are success. */
export function removeLegacyAccepts(families: readonly TableFamily[], bridges: readonly string[]): void {
  for (const family of families) {
    const table = filterTable(family);
    if (table === undefined || !bridges.some((bridge) => table.names(bridge))) continue;
    const rules = legacyRules(family);
    const ours = ['DOCKER-USER', 'FORWARD'].flatMap((chain) => wanted(bridges).map((rule) => `${chain} ${rule}`));
    for (const rule of ours) {
      if (rules.includes(`-A ${rule}`)) run(COMMANDS[family], ['-D', ...rule.split(' ')]);
    }
  }
}

/** Tables in which a rule names the link, directly or by a pattern (`docker+`), and those that cannot be read. */
export function legacyTablesNaming(link: string): readonly string[] {
  return (['ip', 'ip6'] as const).flatMap((family) =>
    xtablesInUse(family)
      .filter((table) => tableOf(family, table).names(link))
      .map((table) => `table ${table} of ${COMMANDS[family]}`),
  );
}

const COMMANDS = { ip: 'iptables-legacy', ip6: 'ip6tables-legacy' } as const satisfies Record<TableFamily, string>;

/** A table that cannot be read: the command has to tell. */
const UNKNOWN: XtablesTable = { forwardDrops: true, names: () => true };

function tableOf(family: TableFamily, table: string): XtablesTable {
  try {
    return readXtables(family, table);
  } catch (error) {
    if (error instanceof SyscallError) return UNKNOWN;
    throw error;
  }
}

function filterTable(family: TableFamily): XtablesTable | undefined {
  return xtablesInUse(family).includes('filter') ? tableOf(family, 'filter') : undefined;
}

function wanted(bridges: readonly string[]): readonly string[] {
  return bridges.flatMap((bridge) => [`-i ${bridge} -j ACCEPT`, `-o ${bridge} -j ACCEPT`]);
}

/** Returns the lines of `iptables -S`. Empty when the command is missing. */
function legacyRules(family: TableFamily): readonly string[] {
  return run(COMMANDS[family], ['-S']).split('\n');
}

function run(command: string, args: readonly string[]): string {
  const { stdout } = spawnSync(command, ['-w', '5', ...args], { encoding: 'utf8', timeout: 10_000 });
  return stdout ?? '';
}
