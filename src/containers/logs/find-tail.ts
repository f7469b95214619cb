import type { FileHandle } from 'node:fs/promises';
import { FIXED_BYTES, fixedTime, fixTime } from './entry-time.ts';
import { isPart } from './line-parts.ts';
import { BLOCK_BYTES, blocksOf } from './log-blocks.ts';
import type { LogFileHandle } from './log-files.ts';

/** The position at which the last lines of a log begin. */
export interface TailStart {
  /** Index of the first file to show. */
  readonly file: number;
  /** Position in the uncompressed content of that file. */
  readonly position: number;
}

const NEWLINE = 10;
/** A longer entry is damage, of which no more is kept. */
const ENTRY_BYTES_MAX = 4 * 1024 * 1024;
const TIME = Buffer.from('"time":"');
const QUOTE = 0x22;

/**
 * Finds the last `lines` lines that were not written after `until` (nanoseconds since the epoch). A line in several parts counts once.
 * It reads backwards no further than needed; a compressed file is read from its start.
 */
export async function findTail(
  files: readonly LogFileHandle[],
  lines: number,
  until: bigint | undefined,
): Promise<TailStart> {
  const limit = until === undefined ? undefined : fixedTime(until);
  if (lines === 0) return { file: Math.max(files.length - 1, 0), position: await sizeOf(files.at(-1)) };
  let missing = lines;
  /** Where the lines begin, unless the first of them has begun in the file before. */
  let found: TailStart | undefined;
  let hasNewer = false;
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const file = files[index];
    if (file === undefined) continue;
    const { starts, endsInPart } = file.compressed
      ? await startsForward(file, missing + 1, limit)
      : await startsBackward(file.handle, missing + 1, limit);
    if (found !== undefined && !endsInPart) return found;
    // The first line of the newer files has begun here.
    const wanted = endsInPart && hasNewer ? missing + 1 : missing;
    const position = starts[starts.length - wanted];
    if (position !== undefined && starts.length > wanted) return { file: index, position };
    if (position !== undefined) found = { file: index, position };
    missing = Math.max(wanted - starts.length, 0);
    hasNewer ||= starts.length > 0;
  }
  return found ?? { file: 0, position: 0 };
}

async function sizeOf(file: LogFileHandle | undefined): Promise<number> {
  return file === undefined || file.compressed ? 0 : (await file.handle.stat()).size;
}

interface Starts {
  /** Positions at which the last lines begin, oldest first. That of the file's first entry is one of them, if it has been reached. */
  readonly starts: readonly number[];
  /** Whether the last line goes on in the next file. */
  readonly endsInPart: boolean;
}

/** Reads backwards until one line more than wanted has begun. */
async function startsBackward(handle: FileHandle, wanted: number, limit: Buffer | undefined): Promise<Starts> {
  const newestFirst: number[] = [];
  let endsInPart: boolean | undefined;
  /** Where the entry after the one that is looked at begins. */
  let next: number | undefined;
  for await (const { entry, position } of entriesBackward(handle)) {
    if (limit !== undefined && isAfter(entry, limit)) continue;
    const goesOn = isPart(entry);
    endsInPart ??= goesOn;
    if (next !== undefined && !goesOn) {
      newestFirst.push(next);
      if (newestFirst.length > wanted) break;
    }
    next = position;
  }
  if (newestFirst.length <= wanted && next !== undefined) newestFirst.push(next);
  return { starts: newestFirst.reverse(), endsInPart: endsInPart ?? false };
}

/** Keeps the last positions, at most twice as many as wanted. */
async function startsForward(file: LogFileHandle, wanted: number, limit: Buffer | undefined): Promise<Starts> {
  let starts: number[] = [];
  let isInLine = false;
  for await (const { entry, position } of entriesForward(file)) {
    if (limit !== undefined && isAfter(entry, limit)) break;
    if (!isInLine) starts.push(position);
    if (starts.length > 2 * wanted + 2) starts = starts.slice(-wanted - 1);
    isInLine = isPart(entry);
  }
  return { starts, endsInPart: isInLine };
}

interface PlacedEntry {
  /** Without its newline. Valid until the next one is asked for. */
  readonly entry: Buffer;
  readonly position: number;
}

async function* entriesBackward(handle: FileHandle): AsyncGenerator<PlacedEntry> {
  const { size } = await handle.stat();
  /** The end of an entry whose beginning is in the blocks before. */
  let rest: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = Buffer.allocUnsafe(end - start + rest.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    rest.copy(block, bytesRead);
    let to = bytesRead + rest.length;
    // The newline at the end of the file ends the last entry, and does not start another one.
    if (end === size && block[to - 1] === NEWLINE) to -= 1;
    for (let at = lastNewline(block, to); at >= 0; at = lastNewline(block, to)) {
      yield { entry: block.subarray(at + 1, to), position: start + at + 1 };
      to = at;
    }
    rest = to > ENTRY_BYTES_MAX ? block.subarray(0, 0) : block.subarray(0, to);
    end = start;
  }
  if (size > 0) yield { entry: rest, position: 0 };
}

function lastNewline(block: Buffer, to: number): number {
  return to <= 0 ? -1 : block.lastIndexOf(NEWLINE, to - 1);
}

async function* entriesForward(file: LogFileHandle): AsyncGenerator<PlacedEntry> {
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  for await (const read of blocksOf(file)) {
    const block = rest.length === 0 ? read : Buffer.concat([rest, read]);
    let from = 0;
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, from)) {
      yield { entry: block.subarray(from, at), position: position + from };
      from = at + 1;
    }
    const isDamage = block.length - from > ENTRY_BYTES_MAX;
    rest = isDamage ? Buffer.alloc(0) : Buffer.from(block.subarray(from));
    position += block.length - rest.length;
  }
  if (rest.length > 0) yield { entry: rest, position };
}

const time = Buffer.alloc(FIXED_BYTES);

/** False for an entry without a time, which is damage. */
function isAfter(entry: Buffer, limit: Buffer): boolean {
  const at = entry.lastIndexOf(TIME) + TIME.length;
  const end = entry.indexOf(QUOTE, at);
  return at >= TIME.length && end > at && fixTime(time, entry, at, end) && time.compare(limit) > 0;
}
