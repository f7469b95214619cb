import { type Duplex, pipeline, type Readable } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';

/** The form of a stored layer. Levels: gzip 0 to 9, zstd 1 to 22. */
export type LayerCompression = { readonly kind: 'none' } | { readonly kind: 'gzip' | 'zstd'; readonly level: number };

const CHUNK_BYTES = 256 << 10;

/**
 * Compresses a stream in libuv's threads. The output has no name and time: the same bytes give the same bytes.
 * Destroying the result destroys the source, and the source's errors pass.
 */
export function compressed(source: Readable, compression: LayerCompression): Readable {
  if (compression.kind === 'none') return source;
  const encoder = encoderOf(compression.kind, compression.level);
  // Its errors reach the reader through the encoder.
  pipeline(source, encoder, () => {});
  return encoder;
}

function encoderOf(kind: 'gzip' | 'zstd', level: number): Duplex {
  if (kind === 'gzip') return createGzip({ level, chunkSize: CHUNK_BYTES });
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return createZstdCompress({ chunkSize: CHUNK_BYTES, params });
}
