import { getXattr, setXattr } from '../linux/index.ts';
import { CAPABILITY } from './copy-plan.ts';

// The only part of the command line that needs system calls: it is loaded when files are copied.

/** Undefined when the file has none. */
export function capabilityOf(path: Buffer): Buffer | undefined {
  try {
    return getXattr(path, CAPABILITY);
  } catch {
    return undefined;
  }
}

/** Sets capabilities as far as the user may. As with docker, a copy by a user other than root has none. */
export function giveCapabilities(files: readonly (readonly [path: Buffer, value: Buffer])[]): void {
  for (const [path, value] of files) {
    try {
      setXattr(path, CAPABILITY, value);
    } catch {
      // The user is not root, or the file system does not support capabilities.
    }
  }
}
