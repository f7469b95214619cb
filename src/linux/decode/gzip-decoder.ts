import { internal, invalid } from '../../base/errors.ts';
import { addressOf, type Decoder, PIECE_BYTES, pinned, self } from './decoder.ts';

const inflateInit = self.func('int inflateInit2_(void *stream, int windowBits, const char *version, int size)');
const inflate = self.func('int inflate(void *stream, int flush)');
const inflateReset = self.func('int inflateReset(void *stream)');
const inflateEnd = self.func('int inflateEnd(void *stream)');

/** Size of `z_stream` of zlib.h on 64-bit machines. */
const STREAM_BYTES = 112;
const NEXT_IN = 0;
const AVAIL_IN = 8;
const NEXT_OUT = 24;
const AVAIL_OUT = 32;
/** The largest window, and gzip's header and trailer. */
const WINDOW_BITS = 15 + 16;
/** zlib compares only the major version. */
const VERSION = '1';
const OK = 0;
const STREAM_END = 1;
const BUF_ERROR = -5;

/** Decodes RFC 1952 with any number of members. Zeros after the last are padding. */
export class GzipDecoder implements Decoder {
  readonly #stream = pinned(STREAM_BYTES);
  readonly #piece = pinned(PIECE_BYTES);
  #state: 'member' | 'between' | 'padding' = 'member';

  constructor() {
    this.#stream.buffer.fill(0);
    const result = inflateInit(this.#stream.buffer, WINDOW_BITS, VERSION, STREAM_BYTES);
    if (result !== OK) throw internal(`zlib does not start: ${result}`);
  }

  decode(input: Buffer, take: (bytes: Buffer) => void): void {
    const stream = this.#stream.buffer;
    stream.writeBigUInt64LE(addressOf(input), NEXT_IN);
    stream.writeUInt32LE(input.length, AVAIL_IN);
    for (;;) {
      const left = stream.readUInt32LE(AVAIL_IN);
      if (left === 0 && this.#state !== 'member') return;
      if (this.#state === 'between') this.#state = input[input.length - left] === 0 ? 'padding' : 'member';
      if (this.#state === 'padding') {
        if (input.subarray(input.length - left).some((byte) => byte !== 0)) throw broken();
        return;
      }
      stream.writeBigUInt64LE(this.#piece.address, NEXT_OUT);
      stream.writeUInt32LE(PIECE_BYTES, AVAIL_OUT);
      const result = inflate(stream, 0);
      const outputSpace = stream.readUInt32LE(AVAIL_OUT);
      if (outputSpace < PIECE_BYTES) take(this.#piece.buffer.subarray(0, PIECE_BYTES - outputSpace));
      if (result === STREAM_END) {
        inflateReset(stream);
        this.#state = 'between';
      } else if (result !== OK && result !== BUF_ERROR) {
        throw broken();
      } else if (outputSpace > 0) {
        // The whole input is decoded.
        return;
      }
    }
  }

  finish(): void {
    if (this.#state === 'member') throw invalid('unexpected EOF');
  }

  [Symbol.dispose](): void {
    inflateEnd(this.#stream.buffer);
  }
}

function broken(): Error {
  return invalid('broken compressed data: not gzip');
}
