import type { Nftables } from '../../linux/index.ts';

/**
 * The chain `gantry-user` for the host's own rules about packets that the host forwards. It is in a table of its own,
 * `inet <name of the engine's tables>`, so that it stays when the engine replaces, repairs or removes its tables. The
 * engine makes the chain when it is missing, never changes it, and removes it when it is empty.
 */
export const USER_CHAIN = 'gantry-user';

/** Before the engine's own chain, whose priority is 0. */
const PRIORITY = -10;

/** Makes the chain, unless it is there. @throws NftablesError */
export function addUserChain(nftables: Nftables, table: string): void {
  if (tableText(nftables, table).includes(`\tchain ${USER_CHAIN} {`)) return;
  nftables.run(
    `add table inet ${table}\nadd chain inet ${table} ${USER_CHAIN} { type filter hook forward priority ${PRIORITY}; }\n`,
  );
}

/** Removes the table, unless it has more than the chain as the engine made it. @throws NftablesError */
export function removeUserChain(nftables: Nftables, table: string): void {
  const lines = tableText(nftables, table)
    .split('\n')
    .map((line) => line.replace(/ # handle \d+$/, '').trim());
  if (lines.filter((line) => line !== '').join('\n') === asMade(table)) nftables.run(`delete table inet ${table}\n`);
}

function asMade(table: string): string {
  const hook = `type filter hook forward priority ${PRIORITY}; policy accept;`;
  return [`table inet ${table} {`, `chain ${USER_CHAIN} {`, hook, '}', '}'].join('\n');
}

/** The table as nft(8) lists it. '' without it. @throws NftablesError on a kernel without such tables */
function tableText(nftables: Nftables, table: string): string {
  const isThere = nftables
    .run('list tables inet\n')
    .split('\n')
    .some((line) => line.split(' # ')[0] === `table inet ${table}`);
  return isThere ? nftables.run(`list table inet ${table}\n`) : '';
}
