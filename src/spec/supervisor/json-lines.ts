import { Buffer } from 'node:buffer';

const NEWLINE = 10;

/** Splits a byte stream into lines and parses each as JSON. */
export class JsonLines {
  readonly #limitBytes: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * Returns the objects that `chunk` completes. @throws SyntaxError for malformed JSON, RangeError for a line above the
   * limit
   */
  push(chunk: Buffer): unknown[] {
    const found: unknown[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#keep(rest.subarray(0, end));
      found.push(JSON.parse(this.#take().toString('utf8')));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.#keep(rest);
    return found;
  }

  /**
   * Like {@link push}, but only for the first line. Returns it and the bytes after it. Undefined until it is complete.
   */
  first(chunk: Buffer): { readonly value: unknown; readonly rest: Buffer } | undefined {
    const end = chunk.indexOf(NEWLINE);
    this.#keep(end < 0 ? chunk : chunk.subarray(0, end));
    if (end < 0) return undefined;
    return { value: JSON.parse(this.#take().toString('utf8')), rest: chunk.subarray(end + 1) };
  }

  #keep(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size > this.#limitBytes) throw new RangeError(`line longer than ${this.#limitBytes} bytes`);
    this.#parts.push(bytes);
  }

  #take(): Buffer {
    const only = this.#parts.length === 1 ? this.#parts[0] : undefined;
    const line = only ?? Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return line;
  }
}
