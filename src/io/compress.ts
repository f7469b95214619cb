import { Duplex, pipeline, Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import { EngineError, errnoOf, invalid, messageOf } from '../base/errors.ts';
import { Expansion } from './expansion.ts';
import { type ProgramCompression, programDecoder } from './program-decoder.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Number of bytes that {@link detectCompression} needs. */
export const MAGIC_LENGTH = 6;

const CHUNK = 256 << 10;
const ZSTD_WINDOW_LOG_MAX = 27;

const BY_PROGRAM: readonly (readonly [ProgramCompression, readonly number[]])[] = [
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** Detects the compression by its magic number. */
export function compressionOf(head: Uint8Array): Compression | ProgramCompression {
  return byProgram(head) ?? detectCompression(head);
}

/**
 * Detects the compression of a stored layer. @throws EngineError invalid for compressions that layers do not have
 * (bzip2, xz)
 */
export function detectCompression(head: Uint8Array): Compression {
  if (startsWith(head, [0x1f, 0x8b, 0x08])) return 'gzip';
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd';
  // Skippable frames (0x184D2A50 to 0x184D2A5F) may precede a zstd stream.
  if (head.length >= 4 && (head[0]! & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18])) return 'zstd';
  const foreign = byProgram(head);
  if (foreign !== undefined) throw invalid(`${foreign} compression is not supported: use gzip, zstd or none`);
  return 'none';
}

function byProgram(head: Uint8Array): ProgramCompression | undefined {
  return BY_PROGRAM.find(([, magic]) => startsWith(head, magic))?.[0];
}

/**
 * Decompresses `source`: gzip, zstd, and with programs of the system bzip2 and xz. Destroying the result destroys the
 * source. Broken or truncated data, and more than `maxBytes` (uncompressed; default: the limit of a layer), end it with
 * EngineError invalid or tooLarge. The source's own errors pass.
 */
export async function decompress(
  source: Readable,
  maxBytes?: number,
): Promise<{ readonly compression: Compression | ProgramCompression; readonly stream: Readable }> {
  const head = await peek(source, MAGIC_LENGTH);
  const compression = compressionOf(head);
  // Nothing can be put back into an ended stream. Such a short stream is the head itself.
  const whole = source.readableEnded ? Readable.from(head.length === 0 ? [] : [head], { objectMode: false }) : source;
  if (whole === source && head.length > 0) source.unshift(head);
  if (compression === 'none') return { compression, stream: whole };
  const decoder = createDecoder(compression);
  return { compression, stream: Readable.from(limited(whole, decoder, maxBytes), { objectMode: false }) };
}

function createDecoder(compression: Exclude<Compression, 'none'> | ProgramCompression): Duplex {
  if (compression === 'gzip') return createGunzip({ chunkSize: CHUNK });
  return compression === 'zstd' ? zstdFrames() : programDecoder(compression);
}

async function* limited(source: Readable, decoder: Duplex, maxBytes?: number): AsyncGenerator<Buffer> {
  const expansion = new Expansion(maxBytes);
  // Its errors reach the loop below through the decoder.
  pipeline(source, decoder, () => {});
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      expansion.add(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw decodeError(error);
  } finally {
    source.destroy();
  }
}

function decodeError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === 'Z_BUF_ERROR') return invalid('unexpected EOF', error);
  if (code?.startsWith('Z_') || code?.startsWith('ZSTD_')) {
    return invalid(`broken compressed data: ${messageOf(error)}`, error);
  }
  return error;
}

/** A zstd decoder for any number of frames: Node's stops after the first and drops the rest without an error. */
function zstdFrames(): Duplex {
  let decoder: ZstdDecompress | undefined;
  let ended = Promise.resolve();
  const start = (): ZstdDecompress => {
    const fresh = frameDecoder(joined);
    ended = new Promise((resolve) => fresh.once('end', resolve));
    return fresh;
  };
  const feed = async (chunk: Buffer): Promise<void> => {
    for (let rest = chunk; rest.length > 0; ) {
      const isFresh = decoder === undefined;
      decoder ??= start();
      const before = decoder.bytesWritten;
      await written(decoder, rest);
      const used = decoder.bytesWritten - before;
      if (used === rest.length) return;
      if (used === 0 && isFresh) throw invalid('broken compressed data: a zstd frame of nothing');
      rest = rest.subarray(used);
      await ended;
      decoder = undefined;
    }
  };
  const joined = new Duplex({
    readableHighWaterMark: 4 * CHUNK,
    read: () => void decoder?.resume(),
    write(chunk: Buffer, _encoding, done) {
      feed(chunk).then(() => done(), done);
    },
    final(done) {
      const end = (): void => {
        joined.push(null);
        done();
      };
      if (decoder === undefined) end();
      else decoder.once('end', end).end();
    },
    destroy(error, done) {
      decoder?.destroy();
      done(error);
    },
  });
  return joined;
}

/** Decodes one frame into the stream. It pauses while nobody reads. */
function frameDecoder(into: Duplex): ZstdDecompress {
  const decoder = createZstdDecompress({
    chunkSize: CHUNK,
    params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
  });
  decoder.on('data', (chunk: Buffer) => {
    if (!into.push(chunk)) decoder.pause();
  });
  decoder.on('error', (error) => into.destroy(error));
  return decoder;
}

function written(decoder: ZstdDecompress, chunk: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  decoder.write(chunk, (error) => (error ? reject(error) : resolve()));
  return promise;
}

/** Reads the first bytes, fewer when the stream ends. */
async function peek(source: Readable, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let size = 0; size < length; ) {
    const chunk: Buffer | null = source.read();
    if (chunk === null) {
      if (source.readableEnded || !(await readableAgain(source))) break;
      continue;
    }
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Whether there are more bytes. @throws the stream's error */
function readableAgain(source: Readable): Promise<boolean> {
  if (source.errored !== null) return Promise.reject(source.errored);
  if (source.destroyed) return Promise.reject(new EngineError('cancelled', 'the stream was closed'));
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const onReadable = (): void => resolve(true);
  const onEnd = (): void => resolve(false);
  const onClose = (): void => reject(new EngineError('cancelled', 'the stream was closed'));
  source.once('readable', onReadable).once('end', onEnd).once('error', reject).once('close', onClose);
  return promise.finally(() => {
    source.off('readable', onReadable).off('end', onEnd).off('error', reject).off('close', onClose);
  });
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return head.length >= magic.length && magic.every((byte, index) => head[index] === byte);
}
