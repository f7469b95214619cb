import { createHash } from 'node:crypto';
import { EngineError, invalid } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { Repository } from '../../../distribution/index.ts';
import type { Descriptor } from '../../../spec/index.ts';
import type { SessionContent } from '../../session/index.ts';

/** A step takes some 700 bytes of a configuration, and a layer 400 of a manifest. */
const DOCUMENT_BYTES_MAX = 24 << 20;

/** Where a cache is: a repository of a registry, or a folder of the client. Documents are checked against their digests. */
export interface CacheSource {
  /** Reads the manifest that the client named. @throws EngineError notFound */
  top(signal: AbortSignal): Promise<Buffer>;
  /** Reads a manifest below it. @throws EngineError notFound, invalid, tooLarge */
  manifest(descriptor: Pick<Descriptor, 'digest' | 'size'>, signal: AbortSignal): Promise<Buffer>;
  /** Reads a configuration. @throws as {@link manifest} */
  document(descriptor: Descriptor, signal: AbortSignal): Promise<Buffer>;
  /** Passes the bytes of a blob on. The receiver checks them. @throws EngineError notFound */
  download(blob: Descriptor, write: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** `reference` is a tag or a digest. */
export function registrySource(repository: Repository, reference: string): CacheSource {
  const download: CacheSource['download'] = async (blob, write, signal) => {
    let offset = 0;
    const sink = {
      get offset() {
        return offset;
      },
      async write(chunk: Uint8Array) {
        await write(chunk);
        offset += chunk.length;
      },
    };
    await repository.download(blob, sink, signal);
  };
  return {
    download,
    top: async (signal) => (await repository.manifest(reference, signal)).bytes,
    manifest: async ({ digest }, signal) => (await repository.manifest(digest, signal)).bytes,
    document: (descriptor, signal) => readDocument(descriptor, (write) => download(descriptor, write, signal)),
  };
}

/** `digest` is that of the manifest, which the client found in its folder. */
export function folderSource(content: SessionContent, digest: Digest): CacheSource {
  const download: CacheSource['download'] = async (blob, write, signal) => {
    for await (const chunk of (await content.open(blob.digest, signal)) as AsyncIterable<Buffer>) await write(chunk);
  };
  const document: CacheSource['document'] = (descriptor, signal) =>
    readDocument(descriptor, (write) => download(descriptor, write, signal));
  return {
    download,
    document,
    top: async (signal) => {
      const size = await content.sizeBytes(digest, signal);
      return await document({ mediaType: '', digest, size }, signal);
    },
    manifest: (descriptor, signal) => document({ mediaType: '', ...descriptor }, signal),
  };
}

async function readDocument(
  { digest, size }: Descriptor,
  read: (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<Buffer> {
  if (size > DOCUMENT_BYTES_MAX) throw new EngineError('tooLarge', `document ${digest} is too large: ${size} bytes`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  await read(async (chunk) => {
    length += chunk.length;
    if (length > size) throw invalid(`document ${digest} is larger than its descriptor says`);
    chunks.push(Uint8Array.from(chunk));
  });
  const bytes = Buffer.concat(chunks);
  const [algorithm = ''] = digest.split(':');
  const own = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (own !== digest) throw invalid(`document ${digest} has another digest: ${own}`);
  return bytes;
}
