import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

/**
 * Reserved space in the data root. On a full disk SQLite cannot even delete, so a removal gives this space up first.
 * The file holds random bytes, which no file system compresses.
 */
export interface Ballast {
  /** Gives the space up. Returns false when it was given up already. */
  release(): boolean;
  /** Takes the space again where there is plenty. Does nothing when there is not. */
  restore(): void;
}

const CHUNK = 1 << 20;

export function openBallast(path: string, sizeBytes: number): Ballast {
  const restore = (): void => {
    if (statSync(path, { throwIfNoEntry: false })?.size === sizeBytes) return;
    try {
      const descriptor = openSync(path, 'w', 0o600);
      try {
        const chunk = randomBytes(CHUNK);
        for (let written = 0; written < sizeBytes; ) {
          written += writeSync(descriptor, chunk, 0, Math.min(CHUNK, sizeBytes - written));
        }
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // The disk is still full: other users of the disk need the space more.
      rmSync(path, { force: true });
    }
  };
  const release = (): boolean => {
    const held = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
    rmSync(path, { force: true });
    return held;
  };
  restore();
  return { release, restore };
}
