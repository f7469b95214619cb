import { isObject } from '../../base/is-object.ts';

/** The supervisor and dockerd write a longer line as several entries, of which only the last ends with a newline. */
export const PART_BYTES = 16_384;

const AFTER_TEXT = Buffer.from('","stream":"');
const BACKSLASH = 0x5c;
const LETTER_N = 0x6e;

/** Whether an entry, as it stands in the file, is a part of a line that goes on in the next entry. */
export function isPart(entry: Buffer): boolean {
  if (entry.length <= PART_BYTES) return false;
  const textEnd = entry.lastIndexOf(AFTER_TEXT);
  if (textEnd < 0 || endsWithNewline(entry, textEnd)) return false;
  // The text may be longer in the file than it is: a short last line without a newline is no part.
  return bytesOfText(entry) >= PART_BYTES;
}

/** Whether the JSON text before `end` ends with `\n`. */
function endsWithNewline(entry: Buffer, end: number): boolean {
  if (entry[end - 1] !== LETTER_N) return false;
  let backslashes = 0;
  while (entry[end - 2 - backslashes] === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function bytesOfText(entry: Buffer): number {
  try {
    const parsed: unknown = JSON.parse(entry.toString());
    return isObject(parsed) && typeof parsed['log'] === 'string' ? Buffer.byteLength(parsed['log']) : 0;
  } catch {
    return 0;
  }
}
