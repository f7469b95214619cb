import { Buffer } from 'node:buffer';
import { openSync, readSync } from 'node:fs';

/**
 * Returns a source of ids of queries (16 bits) that nobody can predict. From random(4) itself: node:crypto would cost
 * the process memory.
 */
export function openRandomIds(): () => number {
  const fd = openSync('/dev/urandom', 'r');
  const bytes = Buffer.alloc(512);
  let used = bytes.length;
  return () => {
    if (used === bytes.length) {
      readSync(fd, bytes);
      used = 0;
    }
    used += 2;
    return bytes.readUInt16BE(used - 2);
  };
}
