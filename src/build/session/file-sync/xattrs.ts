import { errnoOf } from '../../../base/errors.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from '../../../linux/index.ts';

export type Xattrs = ReadonlyMap<string, Uint8Array>;

/** Attributes that come from the client. The others are the host's own: labels of security modules, access lists. */
const OF_CLIENT = /^(?:user\.|trusted\.|security\.capability$)/;
/** What overlayfs interprets. */
const OVERLAY = /^(?:trusted|user)\.overlay\./;

export function isClientXattr(name: string): boolean {
  return OF_CLIENT.test(name) && !OVERLAY.test(name) && !name.includes('\0');
}

/**
 * Makes the extended attributes of a path equal to the client's. Attributes that the file system does not take are left
 * out. Returns whether it changed something. A path that `isNew` has none.
 */
export function setXattrs(path: string, wanted: Xattrs, isNew: boolean): boolean {
  if (isNew && wanted.size === 0) return false;
  const have = isNew ? [] : listXattrs(path).filter(isClientXattr);
  let hasChanged = false;
  for (const name of have) {
    if (wanted.has(name)) continue;
    removeXattr(path, name);
    hasChanged = true;
  }
  for (const [name, value] of wanted) {
    if (!isClientXattr(name) || getXattr(path, name)?.equals(value) === true) continue;
    hasChanged = set(path, name, Buffer.from(value)) || hasChanged;
  }
  return hasChanged;
}

function set(path: string, name: string, value: Buffer): boolean {
  try {
    setXattr(path, name, value);
    return true;
  } catch (error) {
    if (['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'E2BIG', 'ERANGE'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}
