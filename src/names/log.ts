import { writeSync } from 'node:fs';
import type { Logger } from '../base/logger.ts';

/**
 * Logs one JSON object per line to a descriptor, at once. There are few: queries are not logged. A line that cannot be
 * written is lost.
 */
export function createLog(descriptor: number): Logger {
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      try {
        writeSync(
          descriptor,
          `${JSON.stringify({ level, time: new Date().toISOString(), msg: message, ...fields })}\n`,
        );
      } catch {
        // ENOSPC, EIO, EPIPE
      }
    };
  return { debug() {}, info: write('info'), warn: write('warn'), error: write('error') };
}
