import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { errnoOf } from '../../../base/errors.ts';
import { writeFileAtomic } from '../../../io/index.ts';

const sentPosition = z.object({
  /** Names the file by its first entry, which compression does not change. Empty when the file had none. */
  file: z.string(),
  inode: z.number(),
  /** In the uncompressed content: behind the last entry that was sent or dropped. */
  offset: z.number(),
  /** Nanoseconds of that entry, as a decimal number. */
  time: z.string(),
  dropped: z.number(),
  /** Whether the container had ended and everything was sent. */
  complete: z.boolean(),
});

/** Up to where a log has been sent. */
export type SentPosition = Readonly<z.infer<typeof sentPosition>>;

export const NOTHING_SENT: SentPosition = { file: '', inode: 0, offset: 0, time: '0', dropped: 0, complete: false };

/** Undefined when nothing has been stored. */
export function readPosition(path: string): SentPosition | undefined {
  try {
    const parsed = sentPosition.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Survives a crash of the process. @throws EngineError noSpace; the system's errors, ENOENT for a removed container */
export function writePosition(path: string, position: SentPosition): void {
  writeFileAtomic(path, JSON.stringify(position));
}
