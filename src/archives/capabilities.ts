import { getXattr, setXattr } from '../linux/index.ts';
import { CAPABILITY } from './copy-plan.ts';

// The only part of the command line that needs the system's calls: loaded when files are copied.

/** Undefined when the file has none. */
export function capabilityOf(path: Buffer): Buffer | undefined {
  try {
    return getXattr(path, CAPABILITY);
  } catch {
    return undefined;
  }
}

/** As far as the user may: as with docker, a copy by others than root goes without. */
export function giveCapabilities(files: readonly (readonly [path: Buffer, value: Buffer])[]): void {
  for (const [path, value] of files) {
    try {
      setXattr(path, CAPABILITY, value);
    } catch {
      // Not root, or a file system that has no place for it.
    }
  }
}
