import { Readable } from 'node:stream';
import { internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type PlainTarEntry, TAR_END, tarHeader, tarPadding } from '../../io/index.ts';
import type { ContentStore } from '../../store/index.ts';
import { blobPath } from './archive-documents.ts';

export interface ArchiveParts {
  readonly documents: readonly { readonly path: string; readonly text: string }[];
  /** With their sizes. */
  readonly blobs: ReadonlyMap<Digest, number>;
}

/**
 * The archive as a stream of bytes, read from the store as the receiver takes it. The same parts give the same bytes:
 * documents first, every time 1970. Destroying it closes what is open; `ended` runs once either way.
 */
export function archiveStream(content: Pick<ContentStore, 'open'>, parts: ArchiveParts, ended: () => void): Readable {
  const stream = Readable.from(archiveBytes(content, parts), { objectMode: false });
  stream.once('close', ended);
  return stream;
}

async function* archiveBytes(
  content: Pick<ContentStore, 'open'>,
  { documents, blobs }: ArchiveParts,
): AsyncGenerator<Uint8Array> {
  const head: Uint8Array[] = [];
  for (const { path, text } of documents) {
    const bytes = Buffer.from(text);
    head.push(header(path, 'file', bytes.length), bytes, tarPadding(bytes.length));
  }
  const folders = new Set([...blobs.keys()].map((digest) => blobPath(digest).replace(/[^/]*$/, '')));
  for (const path of ['blobs/', ...folders]) head.push(header(path, 'directory', 0));
  yield Buffer.concat(head);
  for (const [digest, sizeBytes] of blobs) {
    yield header(blobPath(digest), 'file', sizeBytes);
    let sent = 0;
    for await (const chunk of content.open(digest)) {
      sent += chunk.length;
      yield chunk;
    }
    if (sent !== sizeBytes) throw internal(`blob ${digest} has ${sent} bytes instead of ${sizeBytes}`);
    yield tarPadding(sizeBytes);
  }
  yield TAR_END;
}

function header(path: string, type: PlainTarEntry['type'], sizeBytes: number): Buffer {
  return tarHeader({ path, type, mode: type === 'directory' ? 0o755 : 0o644, sizeBytes, mtimeSeconds: 0 });
}
