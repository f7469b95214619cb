import { EngineError } from '../base/errors.ts';
import { DEFAULT_TAR_LIMITS } from './tar/limits.ts';

/**
 * Stops data that unpacks to more than somebody allows. The ratio says nothing: 300 MB of zeros are a fair layer, and zstd makes 10 kB
 * of them.
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
