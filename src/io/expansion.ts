import { EngineError } from '../base/errors.ts';

export interface DecompressLimits {
  /** Default 1 TiB: more than any real layer, less than an endless one. */
  readonly maxBytes?: number;
  /** Output per input byte; only looked at beyond 256 MiB of output. Default 2000: gzip cannot exceed 1032. */
  readonly maxRatio?: number;
}

const RATIO_FREE_BYTES = 256 << 20;

/** Stops archives that are small packed and endless unpacked. */
export class Expansion {
  readonly #maxBytes: number;
  readonly #maxRatio: number;
  #input = 0;
  #output = 0;

  constructor({ maxBytes = 2 ** 40, maxRatio = 2000 }: DecompressLimits) {
    this.#maxBytes = maxBytes;
    this.#maxRatio = maxRatio;
  }

  read(bytes: number): void {
    this.#input += bytes;
  }

  /** @throws EngineError tooLarge */
  made(bytes: number): void {
    this.#output += bytes;
    if (this.#output > this.#maxBytes) {
      throw new EngineError('tooLarge', `archive exceeds ${this.#maxBytes} bytes when decompressed`);
    }
    if (this.#output > RATIO_FREE_BYTES && this.#output / this.#input > this.#maxRatio) {
      throw new EngineError('tooLarge', `archive expands more than ${this.#maxRatio} times when decompressed`);
    }
  }
}
