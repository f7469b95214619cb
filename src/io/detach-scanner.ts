/**
 * Looks for the detach keys in a client's input. Bytes that may begin the sequence are held back until it is complete
 * or broken. A broken one is passed on completely.
 */
export class DetachScanner {
  readonly #keys: Uint8Array;
  #matched = 0;

  /** An empty sequence never matches. */
  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** Returns the bytes to pass on, and whether the sequence was completed. Later bytes are dropped then. */
  scan(chunk: Buffer): { readonly pass: Buffer; readonly detached: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, detached: false };
    if (this.#matched === 0 && !chunk.includes(this.#keys[0] ?? 0)) return { pass: chunk, detached: false };
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { pass: Buffer.from(out), detached: true };
        continue;
      }
      for (let i = 0; i < this.#matched; i += 1) out.push(this.#keys[i] ?? 0);
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    return { pass: Buffer.from(out), detached: false };
  }

  /** Returns the bytes that are held back when the input ends. */
  flush(): Buffer {
    const held = Buffer.from(this.#keys.subarray(0, this.#matched));
    this.#matched = 0;
    return held;
  }
}
