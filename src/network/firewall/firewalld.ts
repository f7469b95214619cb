import { spawnSync } from 'node:child_process';
import type { Nftables } from '../../linux/index.ts';

/**
 * firewalld rejects forwarded packets of interfaces without a zone. Its zone "trusted" accepts them. A reload forgets the
 * interface, and the check that follows it puts the interface there again. `firewall-cmd` takes half a second, so that it
 * runs only when the rules of firewalld do not name the bridge.
 */

const ZONE = 'trusted';
const TABLE = 'table inet firewalld';

/** Puts bridges into the zone. `listed` are the chains of all tables. Returns warnings for users. Blocks. */
export function joinFirewalld(nftables: Nftables, listed: string, bridges: readonly string[]): readonly string[] {
  if (!listed.split('\n').some((line) => line.startsWith(`${TABLE} `))) return [];
  const zones = zonesText(nftables);
  const missing = bridges.filter((bridge) => !isInZone(zones, bridge));
  const refused = missing.filter((bridge) => !firewallCmd(`--change-interface=${bridge}`));
  return refused.length === 0 ? [] : [`firewalld is active: add ${refused.join(', ')} to its zone "${ZONE}".`];
}

/** Undoes {@link joinFirewalld}. Without firewalld it does nothing. */
export function leaveFirewalld(nftables: Nftables, bridges: readonly string[]): void {
  const zones = zonesText(nftables);
  for (const bridge of bridges) if (isInZone(zones, bridge)) firewallCmd(`--remove-interface=${bridge}`);
}

function isInZone(zones: string, bridge: string): boolean {
  return zones.includes(`iifname "${bridge}" goto filter_FWD_${ZONE}`);
}

/** The rules that lead packets to their zone. The chain has had two names. '' without firewalld. */
function zonesText(nftables: Nftables): string {
  for (const chain of ['filter_FORWARD_ZONES', 'filter_FORWARD_IN_ZONES']) {
    try {
      return nftables.run(`list chain inet firewalld ${chain}\n`);
    } catch {
      // Another version, or no firewalld.
    }
  }
  return '';
}

function firewallCmd(option: string): boolean {
  const { status } = spawnSync('firewall-cmd', [`--zone=${ZONE}`, option], { stdio: 'ignore', timeout: 5000 });
  return status === 0;
}
