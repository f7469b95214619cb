import type { BigIntStats } from 'node:fs';
import { getXattr } from '../../../linux/index.ts';

/**
 * Whether a file differs from the one of the same name below, by Docker's rule: mode, owner, device and capabilities,
 * and for all but directories also time and size. Both drivers keep times to the nanosecond, so that times are compared
 * exactly.
 */
export function differs(
  stat: BigIntStats,
  path: string | Buffer,
  below: BigIntStats,
  belowPath: string | Buffer,
): boolean {
  if (stat.mode !== below.mode || stat.uid !== below.uid || stat.gid !== below.gid || stat.rdev !== below.rdev) {
    return true;
  }
  if (!stat.isDirectory() && (stat.size !== below.size || stat.mtimeNs !== below.mtimeNs)) return true;
  const capability = getXattr(path, CAPABILITY);
  const before = getXattr(belowPath, CAPABILITY);
  return capability === undefined ? before !== undefined : before === undefined || !capability.equals(before);
}

const CAPABILITY = 'security.capability';
