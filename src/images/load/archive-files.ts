import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError, invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type ArchiveEntry, archiveEntries, decompress, release, withoutDestroy } from '../../io/index.ts';
import type { ContentStore, Lease } from '../../store/index.ts';

/**
 * The files of an archive, by path. They may come in any order: large files go straight into the content store, hashed
 * on the way. Small files that look like JSON stay in memory until they are used.
 */
export interface ArchiveFiles {
  /**
   * The file at a path, with links followed. Undefined when there is none. @throws EngineError invalid for circular
   * links
   */
  get(path: string): ArchiveFile | undefined;
  /** A document, parsed. Undefined when there is none. @throws EngineError invalid when it is not JSON or too large */
  json(path: string): unknown;
  /**
   * Parses a document of this archive. `what` names it in errors.
   * @throws EngineError invalid when it is not JSON; tooLarge when the same documents are parsed too often
   */
  parse(document: DocumentFile, what: string): unknown;
  has(path: string): boolean;
}

export interface DocumentFile {
  readonly kind: 'document';
  readonly bytes: Buffer;
}

export type ArchiveFile = DocumentFile | { readonly kind: 'blob'; readonly digest: Digest; readonly sizeBytes: number };

type Stored = ArchiveFile | { readonly kind: 'link'; readonly target: string };

/** A config with a long history has some 100 kB. */
const DOCUMENT_MAX = 4 << 20;
const DOCUMENTS_MAX = 64 << 20;
/** Limit of all parsed text together: thousands of manifests may share one large config, and each parses it. */
const PARSED_MAX = 256 << 20;
/** Limit of all names and link targets together, which are kept in memory. */
const NAMES_MAX = 16 << 20;
const LINKS_MAX = 16;

/**
 * Reads an archive (plain, gzip or zstd) to its end. After a failure the stream's owner must deal with the rest.
 * @throws EngineError invalid, tooLarge, noSpace, cancelled
 */
export async function receiveArchive(
  deps: { readonly content: ContentStore; readonly lease: Lease },
  archive: Readable,
  signal: AbortSignal,
): Promise<ArchiveFiles> {
  const files = new Map<string, Stored>();
  let documentBytes = 0;
  let nameLength = 0;
  const { stream } = await decompress(withoutDestroy(archive));
  for await (const entry of archiveEntries(stream)) {
    if (signal.aborted) throw new EngineError('cancelled', 'loading was cancelled');
    nameLength += entry.path.length + entry.linkTarget.length;
    if (nameLength > NAMES_MAX) throw new EngineError('tooLarge', 'archive has too many or too long names');
    if (entry.type === 'symlink') {
      files.set(entry.path, { kind: 'link', target: posix.join(posix.dirname(entry.path), entry.linkTarget) });
    } else if (entry.type === 'link') {
      files.set(entry.path, { kind: 'link', target: posix.normalize(entry.linkTarget) });
    } else if (entry.type === 'file') {
      const file = await receiveFile(deps, entry);
      if (file.kind === 'document') documentBytes += file.bytes.length;
      if (documentBytes > DOCUMENTS_MAX) throw new EngineError('tooLarge', 'archive has too many documents');
      files.set(entry.path, file);
    }
  }
  return archiveFiles(files);
}

async function receiveFile(
  { content, lease }: { readonly content: ContentStore; readonly lease: Lease },
  entry: ArchiveEntry,
): Promise<ArchiveFile> {
  if (entry.sizeBytes <= DOCUMENT_MAX) {
    const bytes = await collect(entry);
    if (looksLikeJson(bytes)) return { kind: 'document', bytes };
    await using ingest = await content.ingest();
    await ingest.write(bytes);
    return { kind: 'blob', ...(await ingest.commit({}, lease.blob)) };
  }
  await using ingest = await content.ingest();
  for await (const chunk of entry.content) {
    await ingest.write(chunk);
    release(chunk);
  }
  return { kind: 'blob', ...(await ingest.commit({ sizeBytes: entry.sizeBytes }, lease.blob)) };
}

async function collect(entry: ArchiveEntry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * A layer does not begin so: a tar begins with a name, and hardly with one that begins with `{`. If one does, it is
 * stored later.
 */
function looksLikeJson(bytes: Buffer): boolean {
  const first = bytes.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
  return first === 0x7b || first === 0x5b;
}

function archiveFiles(files: ReadonlyMap<string, Stored>): ArchiveFiles {
  const get = (path: string): ArchiveFile | undefined => {
    let at = posix.normalize(path);
    for (let hops = 0; hops <= LINKS_MAX; hops++) {
      if (at.startsWith('/') || at.startsWith('../'))
        throw invalid(`invalid archive: ${JSON.stringify(path)} leaves it`);
      const file = files.get(at);
      if (file?.kind !== 'link') return file;
      at = file.target;
    }
    throw invalid(`invalid archive: too many links at ${JSON.stringify(path)}`);
  };
  let parsedBytes = 0;
  const parse = ({ bytes }: DocumentFile, what: string): unknown => {
    parsedBytes += bytes.length;
    if (parsedBytes > PARSED_MAX) throw new EngineError('tooLarge', 'archive names its documents too often');
    try {
      return parseBoundedJson(bytes);
    } catch (error) {
      const why = error instanceof EngineError ? error.message : 'not JSON';
      throw invalid(`invalid archive: ${what} is ${why}`, error);
    }
  };
  return {
    get,
    parse,
    has: (path) => get(path) !== undefined,
    json(path) {
      const file = get(path);
      if (file === undefined) return undefined;
      if (file.kind === 'blob')
        throw invalid(`invalid archive: ${path} is not a JSON document of at most ${DOCUMENT_MAX} bytes`);
      return parse(file, path);
    },
  };
}
