import { EngineError } from '../base/errors.ts';
import { DEFAULT_TAR_LIMITS } from './tar/limits.ts';

/**
 * Stops data that unpacks to more bytes than allowed. The ratio is not a criterion: 300 MB of zeros are a valid layer, and
 * zstd compresses them to 10 kB.
 */
export class Expansion {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number = DEFAULT_TAR_LIMITS.maxArchiveBytes) {
    this.#maxBytes = maxBytes;
  }

  /** @throws EngineError tooLarge */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) {
      throw new EngineError('tooLarge', `archive exceeds the limit of ${this.#maxBytes} bytes when decompressed`);
    }
  }
}
