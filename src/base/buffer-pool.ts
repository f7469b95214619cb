import { Buffer } from 'node:buffer';

/** Time without use after which a pool drops its memory. */
const REST_MILLISECONDS = 1000;

export interface BufferPoolOptions {
  /** Size of each piece of memory, in bytes. */
  readonly bytes: number;
  /** Number of pieces that are kept for reuse. More can be in use. */
  readonly keep: number;
}

/**
 * Memory for copies of chunks, which is reused. New memory costs more than the copy: the kernel clears each page at its
 * first use. `ArrayBuffer.transfer`, which frees memory at once, costs more too: V8 then checks every access to a typed
 * array in the process.
 *
 * `take` a buffer, fill it, and `give` it back when nobody reads it any more. A buffer that is not given back is
 * collected as garbage. The pool drops its memory after a second without use.
 */
export class BufferPool {
  readonly #options: BufferPoolOptions;
  #free: ArrayBuffer[] = [];
  #rest: NodeJS.Timeout | undefined;

  constructor(options: BufferPoolOptions) {
    this.#options = options;
  }

  /**
   * Returns a buffer of exactly `length` bytes with any content. Lengths below a quarter of a piece, and above a piece, get
   * memory of their own.
   */
  take(length: number): Buffer {
    const { bytes } = this.#options;
    if (length > bytes || length * 4 < bytes) return Buffer.allocUnsafe(length);
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(bytes).buffer;
    return Buffer.from(memory, 0, length);
  }

  copy(bytes: Buffer): Buffer {
    const copy = this.take(bytes.length);
    bytes.copy(copy);
    return copy;
  }

  /** Takes back a buffer that {@link take} returned, once. */
  give({ buffer, length }: Buffer): void {
    const { bytes, keep } = this.#options;
    if (buffer.byteLength !== bytes || length * 4 < bytes || this.#free.length >= keep) return;
    this.#free.push(buffer as ArrayBuffer);
    this.#rest ??= setTimeout(() => this.#drop(), REST_MILLISECONDS).unref();
    this.#rest.refresh();
  }

  #drop(): void {
    this.#rest = undefined;
    this.#free = [];
  }
}
