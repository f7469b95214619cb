import koffi from 'koffi';
import { internal, invalid } from '../../base/errors.ts';
import { addressOf, type Decoder, PIECE_BYTES, pinned, self } from './decoder.ts';

const Context = koffi.opaque();
const createContext = self.func('ZSTD_createDCtx', koffi.pointer(Context), []);
const freeContext = self.func('ZSTD_freeDCtx', 'size_t', [koffi.pointer(Context)]);
const setParameter = self.func('ZSTD_DCtx_setParameter', 'size_t', [koffi.pointer(Context), 'int', 'int']);
const decompress = self.func('ZSTD_decompressStream', 'size_t', [koffi.pointer(Context), 'void *', 'void *']);
const isError = self.func('unsigned int ZSTD_isError(size_t code)');
const errorName = self.func('const char *ZSTD_getErrorName(size_t code)');

/** Size of `ZSTD_inBuffer` and `ZSTD_outBuffer` of zstd.h: address, size, position. */
const BUFFER_BYTES = 24;
const ADDRESS = 0;
const SIZE = 8;
const POSITION = 16;
const WINDOW_LOG_MAX = 100;
/** 128 MiB, zstd's own limit. The archive decides how much memory a window takes. */
const WINDOW_LOG = 27;

/** Decodes RFC 8878 with any number of frames, including skippable ones. */
export class ZstdDecoder implements Decoder {
  readonly #context: unknown = createContext();
  readonly #input = pinned(BUFFER_BYTES);
  readonly #output = pinned(BUFFER_BYTES);
  readonly #piece = pinned(PIECE_BYTES);
  #isWhole = true;

  constructor() {
    if (this.#context === null) throw internal('zstd does not start');
    setParameter(this.#context, WINDOW_LOG_MAX, WINDOW_LOG);
    this.#output.buffer.writeBigUInt64LE(this.#piece.address, ADDRESS);
    this.#output.buffer.writeBigUInt64LE(BigInt(PIECE_BYTES), SIZE);
  }

  decode(input: Buffer, take: (bytes: Buffer) => void): void {
    const source = this.#input.buffer;
    const target = this.#output.buffer;
    source.writeBigUInt64LE(addressOf(input), ADDRESS);
    source.writeBigUInt64LE(BigInt(input.length), SIZE);
    source.writeBigUInt64LE(0n, POSITION);
    for (;;) {
      target.writeBigUInt64LE(0n, POSITION);
      const result = decompress(this.#context, target, source);
      if (isError(result) !== 0) throw invalid(`broken compressed data: ${errorName(result)}`);
      const made = Number(target.readBigUInt64LE(POSITION));
      if (made > 0) take(this.#piece.buffer.subarray(0, made));
      this.#isWhole = Number(result) === 0;
      const isUsed = source.readBigUInt64LE(POSITION) === BigInt(input.length);
      // After a full piece there may be more, unless the frame is complete: then more would belong to the next one.
      if (isUsed && (made < PIECE_BYTES || this.#isWhole)) return;
    }
  }

  finish(): void {
    if (!this.#isWhole) throw invalid('unexpected EOF');
  }

  [Symbol.dispose](): void {
    freeContext(this.#context);
  }
}
