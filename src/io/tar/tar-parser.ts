import { EngineError, invalid } from '../../base/errors.ts';
import { type SparseRegion, showName, type TarEntry, type TarEntryType } from './entry.ts';
import { BLOCK, isZeroBlock, parseHeader, type RawHeader, text } from './header.ts';
import { DEFAULT_TAR_LIMITS, type TarLimits } from './limits.ts';
import { type Extensions, parsePax } from './pax.ts';
import { checkRegions, moreSparseRegions, SparseMapReader, sparseOfHeader, sparseOfPax } from './sparse.ts';

/** Receives the parser's results, synchronously. An error that it throws passes through `write`. */
export interface TarSink {
  entry(entry: TarEntry): void;
  /**
   * Bytes of the last entry, in order. `chunk` is valid only during the call. For a sparse file: its data regions, one
   * after the other.
   */
  data(chunk: Buffer): void;
  /** Called when the last entry is complete. */
  end(): void;
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/**
 * A push parser for tar archives: V7, ustar, pax, GNU and star headers, sparse files of all four kinds. Synchronous and
 * without copies, for worker threads; `bench/untar.ts` compares it with `tar-stream`. It holds at most one extension
 * header in memory. Errors are EngineError invalid (broken) and tooLarge (a limit). After an error the parser must not
 * be used.
 */
export class TarParser {
  readonly #sink: TarSink;
  readonly #limits: TarLimits;
  #state: 'header' | 'extension' | 'oldSparse' | 'sparseMap' | 'data' | 'end' = 'header';
  /** A block that is split between two chunks. */
  readonly #partial = Buffer.alloc(BLOCK);
  #partialLength = 0;
  #remaining = 0;
  #padding = 0;
  #sawZeroBlock = false;
  #extensions: Extensions = {};
  #extensionType = '';
  #extensionBytes: Buffer[] = [];
  #header: RawHeader | undefined;
  #regions: SparseRegion[] = [];
  #fileSize = 0;
  #mapReader: SparseMapReader | undefined;
  #entries = 0;
  #totalBytes = 0;

  constructor(sink: TarSink, limits: TarLimits = DEFAULT_TAR_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'end') {
      if (this.#state === 'data' || this.#state === 'extension') {
        at = this.#content(chunk, at);
      } else if (this.#partialLength === 0 && chunk.length - at >= BLOCK) {
        this.#block(chunk.subarray(at, at + BLOCK));
        at += BLOCK;
      } else {
        const copied = chunk.copy(this.#partial, this.#partialLength, at, at + BLOCK - this.#partialLength);
        this.#partialLength += copied;
        at += copied;
        if (this.#partialLength < BLOCK) return;
        this.#partialLength = 0;
        this.#block(this.#partial);
      }
    }
  }

  /**
   * Ends the input. An archive may end without its trailer, and with the last byte of its last file: so does the docker CLI's when it
   * adds a Dockerfile from elsewhere. @throws EngineError invalid for an end inside an entry
   */
  finish(): void {
    if (this.#state === 'data' && this.#remaining === 0) this.#contentDone();
    if (this.#state === 'end') return;
    const pending = this.#extensionType !== '' || this.#extensions.name !== undefined;
    if (this.#state !== 'header' || this.#partialLength > 0 || pending) throw invalid('archive/tar: unexpected EOF');
  }

  #content(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#remaining > 0) {
      const end = Math.min(chunk.length, at + this.#remaining);
      const part = chunk.subarray(at, end);
      this.#remaining -= part.length;
      if (this.#state === 'data') this.#sink.data(part);
      else this.#extensionBytes.push(Buffer.from(part));
      at = end;
    }
    if (this.#remaining > 0) return at;
    const skipped = Math.min(chunk.length - at, this.#padding);
    this.#padding -= skipped;
    at += skipped;
    if (this.#padding === 0) this.#contentDone();
    return at;
  }

  #contentDone(): void {
    const state = this.#state;
    this.#state = 'header';
    if (state === 'data') this.#sink.end();
    else this.#applyExtension();
  }

  #block(block: Buffer): void {
    switch (this.#state) {
      case 'oldSparse': {
        const { regions, more } = moreSparseRegions(block);
        this.#regions.push(...regions);
        if (this.#regions.length > this.#limits.maxSparseRegions)
          throw exceeds('sparse regions', this.#limits.maxSparseRegions);
        if (!more) this.#startFile(this.#regions, this.#fileSize);
        return;
      }
      case 'sparseMap':
        this.#sparseMapBlock(block);
        return;
      default:
        this.#headerBlock(block);
    }
  }

  #headerBlock(block: Buffer): void {
    if (block[0] === 0 && isZeroBlock(block)) {
      if (this.#sawZeroBlock) this.#state = 'end';
      this.#sawZeroBlock = true;
      return;
    }
    if (this.#sawZeroBlock) throw invalid('archive/tar: invalid tar header: data after the end');
    const header = parseHeader(block);
    if (header.size > this.#limits.maxFileBytes)
      throw exceeds(`bytes in ${showName(header.name)}`, this.#limits.maxFileBytes);
    if ('xgLK'.includes(header.typeFlag)) {
      this.#startExtension(header);
      return;
    }
    this.#header = header;
    if (header.typeFlag === 'S') {
      const { fileSize, regions, more } = sparseOfHeader(block);
      this.#fileSize = fileSize;
      this.#regions = regions;
      if (more) this.#state = 'oldSparse';
      else this.#startFile(regions, fileSize);
      return;
    }
    const sparse = this.#extensions.sparse === undefined ? undefined : sparseOfPax(this.#extensions);
    if (sparse === undefined || (TYPES[header.typeFlag] ?? 'file') !== 'file') {
      this.#startEntry(header, undefined, undefined);
    } else if (sparse.regions !== undefined) {
      this.#startFile(sparse.regions, sparse.fileSize);
    } else {
      this.#fileSize = sparse.fileSize;
      this.#remaining = this.#extensions.size ?? header.size;
      this.#mapReader = new SparseMapReader(this.#limits.maxSparseRegions);
      this.#state = 'sparseMap';
    }
  }

  #sparseMapBlock(block: Buffer): void {
    this.#remaining -= BLOCK;
    if (this.#remaining < 0) throw invalid('archive/tar: invalid sparse file: its map is longer than its data');
    const regions = this.#mapReader?.add(block);
    if (regions === undefined) return;
    this.#extensions.size = this.#remaining;
    this.#startFile(regions, this.#fileSize);
  }

  #startFile(regions: readonly SparseRegion[], fileSize: number): void {
    const header = this.#header;
    if (header === undefined) throw new TypeError('a sparse map without its header');
    if (fileSize > this.#limits.maxFileBytes)
      throw exceeds(`bytes in ${showName(header.name)}`, this.#limits.maxFileBytes);
    const { maxSparseRegions } = this.#limits;
    if (regions.length > maxSparseRegions) throw exceeds('sparse regions', maxSparseRegions);
    checkRegions(regions, fileSize, this.#extensions.size ?? header.size);
    this.#startEntry(header, regions, fileSize);
  }

  #startEntry(header: RawHeader, sparse: readonly SparseRegion[] | undefined, fileSize: number | undefined): void {
    const extensions = this.#extensions;
    this.#extensions = {};
    this.#header = undefined;
    const name = extensions.name ?? header.name;
    const type = header.typeFlag === '\0' && name.endsWith('/') ? 'directory' : TYPES[header.typeFlag];
    if (type === undefined)
      throw invalid(`archive/tar: unhandled tar header type ${header.typeFlag.charCodeAt(0)} of ${showName(name)}`);
    const size = type === 'file' ? (extensions.size ?? header.size) : 0;
    const linkName = type === 'link' || type === 'symlink' ? (extensions.linkName ?? header.linkName) : '';
    this.#checkLimits(name, linkName, size);
    this.#sink.entry({
      name,
      type,
      mode: header.mode & 0o7777,
      uid: extensions.uid ?? header.uid,
      gid: extensions.gid ?? header.gid,
      size,
      fileSize: fileSize ?? size,
      sparse,
      mtimeSeconds: extensions.mtime?.seconds ?? header.mtime,
      mtimeNanos: extensions.mtime?.nanos ?? 0,
      linkName,
      deviceMajor: header.deviceMajor,
      deviceMinor: header.deviceMinor,
      xattrs: extensions.xattrs,
    });
    this.#remaining = size;
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (size > 0) {
      this.#state = 'data';
    } else {
      this.#state = 'header';
      this.#sink.end();
    }
  }

  #checkLimits(name: string, linkName: string, size: number): void {
    const { maxEntries, maxNameBytes, maxFileBytes, maxTotalBytes } = this.#limits;
    this.#entries += 1;
    this.#totalBytes += size;
    if (this.#entries > maxEntries) throw exceeds('entries', maxEntries);
    if (name.length > maxNameBytes) throw exceeds(`bytes in the name ${showName(name)}`, maxNameBytes);
    if (linkName.length > maxNameBytes) throw exceeds(`bytes in the link of ${showName(name)}`, maxNameBytes);
    if (size > maxFileBytes) throw exceeds(`bytes in ${showName(name)}`, maxFileBytes);
    if (this.#totalBytes > maxTotalBytes) throw exceeds('bytes of files', maxTotalBytes);
  }

  #startExtension(header: RawHeader): void {
    if (header.size > this.#limits.maxExtensionBytes)
      throw exceeds('bytes in an extended header', this.#limits.maxExtensionBytes);
    // Extensions count too: an archive that consists of them must end as well.
    this.#entries += 1;
    if (this.#entries > this.#limits.maxEntries) throw exceeds('entries', this.#limits.maxEntries);
    this.#extensionType = header.typeFlag;
    this.#extensionBytes = [];
    this.#remaining = header.size;
    this.#padding = (BLOCK - (header.size % BLOCK)) % BLOCK;
    this.#state = 'extension';
    if (header.size === 0) this.#contentDone();
  }

  #applyExtension(): void {
    const bytes = this.#extensionBytes.length === 1 ? this.#extensionBytes[0] : Buffer.concat(this.#extensionBytes);
    const type = this.#extensionType;
    this.#extensionBytes = [];
    this.#extensionType = '';
    if (bytes === undefined) return;
    if (type === 'x') parsePax(bytes, this.#extensions);
    else if (type === 'L') this.#extensions.name = text(bytes, 0, bytes.length);
    else if (type === 'K') this.#extensions.linkName = text(bytes, 0, bytes.length);
    // Global headers (`g`) are ignored, as in the reference implementation: git writes its commit there.
  }
}

function exceeds(what: string, limit: number): EngineError {
  return new EngineError('tooLarge', `archive exceeds the limit of ${limit} ${what}`);
}
