import { EngineError, messageOf } from '../base/errors.ts';
import { detachMount, isMountPoint, MS, mount } from '../linux/index.ts';

const FLAGS: Readonly<Record<string, number>> = {
  bind: MS.BIND,
  rbind: MS.BIND | MS.REC,
  ro: MS.RDONLY,
  nosuid: MS.NOSUID,
  nodev: MS.NODEV,
  noexec: MS.NOEXEC,
};

/** Mounts what a volume's options name (`type`, `device`, `o`) over its folder. Idempotent. @throws EngineError internal */
export function mountOptions(name: string, data: string, options: Readonly<Record<string, string>>): void {
  if (isMountPoint(data)) return;
  const words = (options['o'] ?? '').split(',').filter((word) => word !== '' && word !== 'defaults' && word !== 'rw');
  const flags = words.reduce((sum, word) => sum | (FLAGS[word] ?? 0), 0);
  const rest = words.filter((word) => FLAGS[word] === undefined).join(',');
  const type = options['type'] ?? 'none';
  try {
    mount({
      source: options['device'] ?? type,
      target: data,
      type: (flags & MS.BIND) !== 0 ? null : type,
      flags,
      data: rest === '' ? null : rest,
    });
  } catch (error) {
    throw new EngineError('internal', `error while mounting volume '${name}': ${messageOf(error)}`, { cause: error });
  }
}

export function unmountOptions(data: string): void {
  detachMount(data);
}
