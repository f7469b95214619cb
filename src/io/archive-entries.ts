import type { Readable } from 'node:stream';
import { EngineError, invalid } from '../base/errors.ts';
import { BLOCK, isZeroBlock, parseHeader } from './tar/header.ts';
import { type Extensions, parsePax } from './tar/pax.ts';

/** One entry of a tar that is read without unpacking. */
export interface ArchiveEntry {
  /** Relative, without `.`, empty or trailing parts. '' for the root itself. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'symlink' | 'other';
  readonly sizeBytes: number;
  /** Target of a link or symlink, unchanged. */
  readonly linkTarget: string;
  /** Content of a file. Read it before the next entry; unread bytes are skipped. */
  readonly content: AsyncIterable<Buffer>;
}

/** More entries than any archive of images has. */
const ENTRIES_MAX = 200_000;
const PATH_LENGTH_MAX = 4096;
const EXTENSION_MAX = 1 << 20;

const TYPES: Readonly<Record<string, ArchiveEntry['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '5': 'directory',
};

/**
 * Yields the entries of a tar in order of arrival, in chunks that are not copied. Reads the stream to its end, also
 * beyond the archive's. Never destroys it.
 * @throws EngineError invalid for a malformed or truncated tar, or a name that leaves the archive; the stream's own
 * errors
 */
export async function* archiveEntries(archive: Readable): AsyncGenerator<ArchiveEntry> {
  const input = new ByteSource(archive);
  let extensions: Extensions = {};
  for (let count = 0; ; count++) {
    if (count > ENTRIES_MAX) throw new EngineError('tooLarge', `archive has more than ${ENTRIES_MAX} entries`);
    const block = await input.takeOrEnd(BLOCK);
    if (block === undefined || isZeroBlock(block)) break;
    const header = parseHeader(block);
    if ('xgLK'.includes(header.typeFlag)) {
      await readExtension(input, header, extensions);
      continue;
    }
    if (header.typeFlag === 'S') throw invalid('invalid archive: it has a sparse file');
    const type = TYPES[header.typeFlag] ?? 'other';
    const sizeBytes =
      type === 'link' || type === 'symlink' || type === 'directory' ? 0 : (extensions.size ?? header.size);
    const body = new EntryBody(input, sizeBytes);
    yield {
      path: entryPath(utf8(extensions.name ?? header.name)),
      type,
      sizeBytes,
      linkTarget: utf8(extensions.linkName ?? header.linkName),
      content: body,
    };
    await body.skip();
    extensions = {};
  }
  await input.drain();
}

/** @throws EngineError invalid */
export function entryPath(name: string): string {
  if (name.length > PATH_LENGTH_MAX) throw invalid('invalid archive: an entry name is too long');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0'))
    throw invalid(`invalid archive: entry ${JSON.stringify(name)} leaves it`);
  return parts.join('/');
}

async function readExtension(
  input: ByteSource,
  { typeFlag, size }: { readonly typeFlag: string; readonly size: number },
  extensions: Extensions,
): Promise<void> {
  if (size > EXTENSION_MAX) throw invalid('archive/tar: invalid tar header: an extended header is too large');
  const padded = await input.take(Math.ceil(size / BLOCK) * BLOCK);
  const bytes = padded.subarray(0, size);
  if (typeFlag === 'x') parsePax(bytes, extensions);
  // Global headers have no relevant data. GNU's long names end with a zero byte.
  else if (typeFlag === 'L') extensions.name = bytes.toString('latin1').replace(/\0.*$/s, '');
  else if (typeFlag === 'K') extensions.linkName = bytes.toString('latin1').replace(/\0.*$/s, '');
}

/** Header fields are decoded with one character per byte. */
function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** An entry's content, for one reader. A second iteration continues where the last one stopped. */
class EntryBody implements AsyncIterable<Buffer> {
  readonly #input: ByteSource;
  readonly #padding: number;
  #left: number;

  constructor(input: ByteSource, size: number) {
    this.#input = input;
    this.#left = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    while (this.#left > 0) {
      const chunk = await this.#input.some(this.#left);
      this.#left -= chunk.length;
      yield chunk;
    }
  }

  async skip(): Promise<void> {
    while (this.#left > 0) this.#left -= (await this.#input.some(this.#left)).length;
    if (this.#padding > 0) await this.#input.take(this.#padding);
  }
}

/** Reads bytes from a stream. Every method throws EngineError invalid `unexpected EOF` where bytes are missing. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Returns at least one byte, at most `max`. */
  async some(max: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#fill())) throw invalid('unexpected EOF');
    const taken = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  async take(length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    const first = await this.some(length);
    if (first.length === length) return first;
    const parts = [first];
    for (let size = first.length; size < length; ) {
      const part = await this.some(length - size);
      parts.push(part);
      size += part.length;
    }
    return Buffer.concat(parts);
  }

  /** Undefined at the end of the stream. */
  async takeOrEnd(length: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0 && !(await this.#fill())) return undefined;
    return this.take(length);
  }

  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0);
    while (await this.#fill());
  }

  async #fill(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return false;
      this.#rest = value;
      if (value.length > 0) return true;
    }
  }
}
