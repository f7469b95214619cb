import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Subnets from 10.64.0.0/24 to 10.191.255.0/24. */
const SERIALS = 32768;

/**
 * Claims a bridge's name and subnet that no other engine of a test uses now, in any process or checkout.
 * The claim is a file with our pid. The claim of an ended process is taken over.
 */
export function claimBridge(): { readonly bridge: string; readonly bip: string; readonly release: () => void } {
  for (let serial = (process.pid * 8) % SERIALS; ; serial = (serial + 1) % SERIALS) {
    const claim = join(tmpdir(), `gantry-test-serial-${serial}`);
    try {
      writeFileSync(claim, String(process.pid), { flag: 'wx' });
      return {
        bridge: `gt${serial}`,
        bip: `10.${64 + (serial >> 8)}.${serial & 255}.1/24`,
        release: () => rmSync(claim, { force: true }),
      };
    } catch {
      const owner = existsSync(claim) ? readFileSync(claim, 'utf8') : '';
      if (owner !== '' && !existsSync(`/proc/${owner}`)) rmSync(claim, { force: true });
    }
  }
}
