import { createHash, randomUUID } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { conflict, EngineError, errnoOf, invalid } from '../../base/errors.ts';
import { type Digest, isDigest, parseDigest } from '../../base/ids.ts';
import type { Logger } from '../../base/logger.ts';
import { namesInSync, overwriteInPlace, writeFileAtomic } from '../../io/index.ts';
import { removeTree } from '../../linux/index.ts';
import { auditContent } from './audit.ts';
import type { ContentStore } from './content-store.ts';
import { createFolderSync } from './folder-sync.ts';
import { openIngest } from './ingest.ts';
import { type ContentPaths, contentPaths, KEPT_PREFIX, ONCE_PREFIX, temporaries } from './paths.ts';
import { openTrash } from './trash.ts';

const DOCUMENT_LIMIT = 8 << 20;
const ALGORITHMS = ['sha256', 'sha512'] as const;
const READ_CHUNK = 1 << 20;
/** Resumable downloads that nobody has continued for this long are deleted. */
const INGEST_LIFE_SECONDS = 7 * 24 * 3600;

/** Opens the content store for one process: the caller holds the data root's lock. Blocks for a few system calls. */
export function openContentStore(root: string, logger: Logger): ContentStore {
  const paths = contentPaths(root);
  prepare(paths);
  const trash = openTrash(paths.trash, logger);
  const ingests = openIngests(paths);
  return {
    root,
    ...readers(paths),
    ...ingests.operations,
    ...writers(paths),
    ...quarantine(paths),
    delete: (digest) => trash.take(paths.blob(digest)),
    swept: trash.swept,
    close: trash.close,
    audit: () =>
      auditContent(paths, {
        algorithms: ALGORITHMS,
        isWriting: ingests.isWriting,
        ingestLifeSeconds: INGEST_LIFE_SECONDS,
      }),
  };
}

type Readers = Pick<ContentStore, 'has' | 'sizeBytes' | 'path' | 'open' | 'read' | 'readJson' | 'list' | 'verify'>;

function readers(paths: ContentPaths): Readers {
  const read = (digest: Digest, limitBytes = DOCUMENT_LIMIT): Buffer => {
    const size = sizeOf(paths, digest);
    if (size > limitBytes)
      throw new EngineError('tooLarge', `blob ${digest} has ${size} bytes, at most ${limitBytes} are read`);
    return readFileSync(paths.blob(digest));
  };
  return {
    has: (digest) => existsSync(paths.blob(digest)),
    sizeBytes: (digest) => sizeOf(paths, digest),
    path: paths.blob,
    open(digest, range = {}) {
      sizeOf(paths, digest);
      return createReadStream(paths.blob(digest), { ...range, highWaterMark: READ_CHUNK });
    },
    read,
    readJson(digest, limitBytes) {
      const bytes = read(digest, limitBytes);
      try {
        return parseBoundedJson(bytes);
      } catch (error) {
        throw invalid(`blob ${digest} is ${error instanceof EngineError ? error.message : 'not JSON'}`, error);
      }
    },
    list: () =>
      ALGORITHMS.flatMap((algorithm) =>
        readdirSync(paths.blobFolder(algorithm)).map((hex) => `${algorithm}:${hex}`),
      ).filter(isDigest),
    async verify(digest) {
      const algorithm = digest.slice(0, digest.indexOf(':'));
      const hash = createHash(algorithm);
      try {
        for await (const chunk of createReadStream(paths.blob(digest), { highWaterMark: READ_CHUNK }))
          hash.update(chunk);
      } catch {
        return false;
      }
      return digest === `${algorithm}:${hash.digest('hex')}`;
    },
  };
}

interface Ingests {
  readonly operations: Pick<ContentStore, 'ingest' | 'forgetIngest' | 'expireIngests'>;
  isWriting(name: string): boolean;
}

/** Blobs that are being received, each a file of `ingest/` with at most one writer. */
function openIngests(paths: ContentPaths): Ingests {
  const writing = new Set<string>();
  const ingest: ContentStore['ingest'] = async (ref) => {
    const name = ref === undefined ? ONCE_PREFIX + randomUUID() : KEPT_PREFIX + sha256(ref);
    if (writing.has(name)) throw conflict(`ingest ${ref} is being written`);
    writing.add(name);
    try {
      return await openIngest({
        path: join(paths.ingest, name),
        keep: ref !== undefined,
        blobPath: paths.blob,
        released: () => writing.delete(name),
      });
    } catch (error) {
      writing.delete(name);
      throw error;
    }
  };
  return {
    isWriting: (name) => writing.has(name),
    operations: {
      ingest,
      forgetIngest(ref) {
        const name = KEPT_PREFIX + sha256(ref);
        if (!writing.has(name)) rmSync(join(paths.ingest, name), { force: true });
      },
      expireIngests(olderThanSeconds = INGEST_LIFE_SECONDS) {
        const before = Date.now() - olderThanSeconds * 1000;
        for (const name of readdirSync(paths.ingest)) {
          const path = join(paths.ingest, name);
          if (!writing.has(name) && statSync(path).mtimeMs < before) rmSync(path, { force: true });
        }
      },
    },
  };
}

function writers(paths: ContentPaths): Pick<ContentStore, 'put' | 'sync' | 'writeIndex'> {
  const folderSyncs = {
    sha256: createFolderSync(paths.blobFolder('sha256')),
    sha512: createFolderSync(paths.blobFolder('sha512')),
  };
  return {
    put(bytes, algorithm = 'sha256') {
      const digest = parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
      if (!existsSync(paths.blob(digest))) {
        const temporary = join(paths.ingest, ONCE_PREFIX + randomUUID());
        writeFileAtomic(temporary, bytes);
        renameSync(temporary, paths.blob(digest));
      }
      return digest;
    },
    async sync(digests) {
      for (const digest of digests) await syncFile(paths.blob(digest));
      for (const algorithm of ALGORITHMS) {
        if (digests.some((digest) => digest.startsWith(algorithm))) await folderSyncs[algorithm]();
      }
    },
    writeIndex(manifests) {
      const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
      const text = JSON.stringify(index);
      try {
        writeFileAtomic(paths.index, text, { mode: 0o644 });
      } catch (error) {
        // The disk is full. Every start writes the file anew, so that an interrupted write does no harm.
        if (!(error instanceof EngineError && error.kind === 'noSpace' && overwriteInPlace(paths.index, text)))
          throw error;
      }
    },
  };
}

/** Blobs whose bytes were found damaged. */
function quarantine(paths: ContentPaths): Pick<ContentStore, 'quarantine' | 'quarantined'> {
  return {
    quarantine(digest) {
      sizeOf(paths, digest);
      mkdirSync(paths.quarantine, { recursive: true, mode: 0o700 });
      const path = join(paths.quarantine, digest.replace(':', '-'));
      renameSync(paths.blob(digest), path);
      return path;
    },
    quarantined: () =>
      namesInSync(paths.quarantine).flatMap((name) => {
        const digest = name.replace('-', ':');
        return isDigest(digest) ? [{ digest, path: join(paths.quarantine, name) }] : [];
      }),
  };
}

function prepare(paths: ContentPaths): void {
  for (const algorithm of ALGORITHMS) mkdirSync(paths.blobFolder(algorithm), { recursive: true });
  mkdirSync(paths.ingest, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(paths.ingest)) {
    // The folder holds only files of ours. Only those of refs are resumed.
    if (!name.startsWith(KEPT_PREFIX)) removeTree(join(paths.ingest, name));
  }
  // Files whose writing was interrupted before the rename.
  for (const path of temporaries(paths)) rmSync(path, { force: true });
  if (!existsSync(paths.layout)) writeFileAtomic(paths.layout, '{"imageLayoutVersion":"1.0.0"}', { mode: 0o644 });
}

async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, 'r');
    await file.datasync();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** @throws EngineError notFound */
function sizeOf(paths: ContentPaths, digest: Digest): number {
  const stat = statSync(paths.blob(digest), { throwIfNoEntry: false });
  if (stat === undefined) throw new EngineError('notFound', `blob ${digest} not found`);
  return stat.size;
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
