import { open } from 'node:fs/promises';
import { EngineError, internal } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { PLAIN_TAR_ENTRY, TAR_END, tarEntryHeader, tarPaddingBytes } from '../../io/index.ts';
import type { ContentStore } from '../../store/index.ts';
import { blobPath } from './archive-documents.ts';
import { ChunkWriter, type SendChunk } from './chunk-writer.ts';

export interface ArchiveParts {
  readonly documents: readonly { readonly path: string; readonly text: string }[];
  /** Blobs with their sizes. */
  readonly blobs: ReadonlyMap<Digest, number>;
}

/**
 * Writes the archive as fast as the receiver takes it. Equal parts give equal bytes: documents come first, and every
 * time is 1970.
 * @throws the errors of `send`; cancelled; internal when a blob is shorter than its recorded size
 */
export async function writeArchive(
  content: Pick<ContentStore, 'path'>,
  { documents, blobs }: ArchiveParts,
  { send, signal }: { readonly send: SendChunk; readonly signal: AbortSignal },
): Promise<void> {
  const writer = new ChunkWriter(send);
  for (const { path, text } of documents) {
    const bytes = Buffer.from(text);
    await writer.write(header(path, 'file', bytes.length));
    await writer.write(bytes);
    await writer.write(padding(bytes.length));
  }
  const folders = new Set([...blobs.keys()].map((digest) => blobPath(digest).replace(/[^/]*$/, '')));
  for (const path of ['blobs/', ...folders]) await writer.write(header(path, 'directory', 0));
  for (const [digest, sizeBytes] of blobs) {
    await writer.write(header(blobPath(digest), 'file', sizeBytes));
    await writeBlob(writer, { path: content.path(digest), digest, sizeBytes }, signal);
    await writer.write(padding(sizeBytes));
  }
  await writer.write(TAR_END);
  await writer.end();
}

async function writeBlob(
  writer: ChunkWriter,
  { path, digest, sizeBytes }: { readonly path: string; readonly digest: Digest; readonly sizeBytes: number },
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(path);
  for (let at = 0; at < sizeBytes; ) {
    if (signal.aborted) throw new EngineError('cancelled', 'saving was cancelled');
    const space = await writer.space();
    const { bytesRead } = await file.read(space, 0, Math.min(space.length, sizeBytes - at), at);
    if (bytesRead === 0) throw internal(`blob ${digest} has ${at} bytes instead of ${sizeBytes}`);
    writer.filled(bytesRead);
    at += bytesRead;
  }
}

function header(name: string, type: 'file' | 'directory', size: number): Buffer {
  return tarEntryHeader({ ...PLAIN_TAR_ENTRY, name, type, mode: type === 'directory' ? 0o755 : 0o644, size });
}

function padding(sizeBytes: number): Uint8Array {
  return TAR_END.subarray(0, tarPaddingBytes(sizeBytes));
}
