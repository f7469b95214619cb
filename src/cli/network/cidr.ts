import { BlockList } from 'node:net';
import { isIPv6 } from '../../base/ip-version.ts';

/** Whether a subnet (`10.5.0.0/16`) contains an address or another subnet. Malformed input is contained in none. */
export function contains(subnet: string, address: string): boolean {
  const [base = '', prefix = ''] = subnet.split('/');
  const bare = address.split('/')[0] ?? '';
  const family = isIPv6(base) ? 'ipv6' : 'ipv4';
  if (isIPv6(bare) !== isIPv6(base)) return false;
  try {
    const list = new BlockList();
    list.addSubnet(base, Number(prefix), family);
    return list.check(bare, family);
  } catch {
    return false;
  }
}
