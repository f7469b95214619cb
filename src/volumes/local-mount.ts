import { getSystemErrorMessage } from 'node:util';
import { EngineError, messageOf } from '../base/errors.ts';
import {
  detachMount,
  detachMountSlowly,
  MS,
  mountSlowly,
  remount,
  SyscallError,
  setPropagation,
} from '../linux/index.ts';
import { type MountOptions, parseMountOptions } from './mount-options.ts';
import { detachNetwork, isNetworkType, mountNetwork } from './network-mount.ts';

/**
 * Mounts a volume's `type`, `device` and `o` over its folder. A thread of Node's pool waits for the file system, and a
 * process for a network file system.
 * @throws EngineError internal with dockerd's text; nothing stays mounted
 */
export async function mountVolume(options: Readonly<Record<string, string>>, target: string): Promise<void> {
  const type = options['type'] ?? '';
  const device = options['device'] ?? '';
  const parsed = parseMountOptions(options['o'] ?? '');
  try {
    const { flags, data } = parsed;
    const mountIt = isNetworkType(type) ? mountNetwork : mountSlowly;
    await mountIt({ source: device, target, type, flags, data: data === '' ? null : data });
    try {
      applyFlags(parsed, target);
    } catch (error) {
      detachMount(target);
      throw error;
    }
  } catch (error) {
    const flags = parsed.flags === 0 ? '' : `, flags: 0x${parsed.flags.toString(16)}`;
    const data = parsed.data === '' ? '' : `, data: ${parsed.data}`;
    throw new EngineError(
      'failed',
      `error while mounting volume '${target}': failed to mount local volume: mount ${device}:${target}${flags}${data}: ${reason(error)}`,
      { cause: error },
    );
  }
}

/** Applies the flags that a bind's first mount(2) ignores. */
function applyFlags({ flags, propagation }: MountOptions, target: string): void {
  const changes = MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.NOATIME | MS.NODIRATIME;
  if ((flags & MS.BIND) !== 0 && (flags & changes) !== 0) remount(target, (flags & changes) | MS.BIND);
  if (propagation !== undefined) setPropagation(target, propagation);
}

/** Detaches every mount at a volume's folder. Written data goes to the disk or server first. */
export async function unmountVolume(options: Readonly<Record<string, string>>, target: string): Promise<void> {
  await (isNetworkType(options['type'] ?? '') ? detachNetwork(target) : detachMountSlowly(target));
}

function reason(error: unknown): string {
  return error instanceof SyscallError ? getSystemErrorMessage(-error.errno) : messageOf(error);
}
