import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Logger } from '../base/logger.ts';

/** Size at which the older half of the file is dropped. */
export const LOG_LIMIT_BYTES = 1024 * 1024;
const NEWLINE = 10;

/**
 * Logs one JSON object per line to the descriptor of a file, to which other processes may append too. A line is written
 * at once. A line that cannot be written is lost: on a full disk the process must go on.
 */
export function createDescriptorLog(descriptor: number): Logger {
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      const line = JSON.stringify({ level, time: new Date().toISOString(), msg: message, ...fields });
      try {
        writeSync(descriptor, `${line}\n`);
        shorten(descriptor);
      } catch {
        // ENOSPC, EDQUOT, EIO, EPIPE
      }
    };
  return { debug() {}, info: write('info'), warn: write('warn'), error: write('error') };
}

/** Keeps the last lines of a log file that has become too large, in place: the descriptor appends to the same file. */
function shorten(descriptor: number): void {
  const { size } = fstatSync(descriptor);
  if (size <= LOG_LIMIT_BYTES) return;
  const kept = Buffer.alloc(LOG_LIMIT_BYTES / 2);
  const reader = openSync(`/proc/self/fd/${descriptor}`, 'r');
  try {
    readSync(reader, kept, 0, kept.length, size - kept.length);
  } finally {
    closeSync(reader);
  }
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, kept.subarray(kept.indexOf(NEWLINE) + 1));
}
