import { lookup } from 'node:dns/promises';
import { getSystemErrorMessage } from 'node:util';
import { EngineError, messageOf } from '../base/errors.ts';
import { detachMount, MS, mountSlowly, remount, SyscallError, setPropagation } from '../linux/index.ts';
import { type MountOptions, parseMountOptions } from './mount-options.ts';

const NETWORK_TYPES: ReadonlySet<string> = new Set(['nfs', 'nfs4', 'cifs']);

/**
 * Mounts a volume's `type`, `device` and `o` over its folder. A network file system may take seconds: another thread
 * waits for it.
 * @throws EngineError internal with dockerd's text; nothing stays mounted
 */
export async function mountVolume(options: Readonly<Record<string, string>>, target: string): Promise<void> {
  const type = options['type'] ?? '';
  const device = options['device'] ?? '';
  const parsed = parseMountOptions(options['o'] ?? '');
  try {
    const data = NETWORK_TYPES.has(type) ? await withAddress(parsed.data) : parsed.data;
    await mountSlowly({ source: device, target, type, flags: parsed.flags, data: data === '' ? null : data });
    try {
      applyFlags(parsed, target);
    } catch (error) {
      detachMount(target);
      throw error;
    }
  } catch (error) {
    const flags = `0x${parsed.flags.toString(16)}`;
    const data = parsed.data === '' ? '' : `, data: ${parsed.data}`;
    throw new EngineError(
      'failed',
      `error while mounting volume '${target}': failed to mount local volume: mount ${device}:${target}, flags: ${flags}${data}: ${reason(error)}`,
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

/** The kernel needs an address where mount helpers accept a name (`addr=server`). */
async function withAddress(data: string): Promise<string> {
  const host = /(?:^|,)addr=([^,]*)/.exec(data)?.[1];
  if (host === undefined || host === '') return data;
  const { address } = await lookup(host);
  return data.replace(`addr=${host}`, () => `addr=${address}`);
}

function reason(error: unknown): string {
  return error instanceof SyscallError ? getSystemErrorMessage(-error.errno) : messageOf(error);
}
