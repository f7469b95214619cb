import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasLoopDevices } from '../linux/index.ts';

/** ext4 needs some space for itself. */
export const QUOTA_BYTES_MIN = 4 * 2 ** 20;
/** Below the largest file of ext4 (16 TiB). */
export const QUOTA_BYTES_MAX = 8 * 2 ** 40;

/** Where programs for administrators are, whatever the daemon's PATH. */
const FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The PATH for `mkfs.ext4`. */
export function programPath(): string {
  return [process.env['PATH'] ?? '', ...FOLDERS].join(':');
}

/** Whether this host can limit a folder's size: it has loop devices and `mkfs.ext4`. */
export function hasQuotas(): boolean {
  const folders = programPath().split(':');
  return hasLoopDevices() && folders.some((folder) => folder !== '' && existsSync(join(folder, 'mkfs.ext4')));
}
