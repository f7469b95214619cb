/** ctrl-p ctrl-q */
export const DEFAULT_DETACH_KEYS: readonly number[] = [16, 17];

/** `ctrl-p,ctrl-q`, `a,b,ctrl-\`: the bytes the keys send. @throws Error in docker's words */
export function parseDetachKeys(text: string): readonly number[] {
  return text.split(',').map((key) => {
    if ([...key].length === 1) return Buffer.from(key)[0] ?? 0;
    const letter = /^ctrl-([a-z@[\\\]^_])$/.exec(key.toLowerCase())?.[1];
    if (letter === undefined) throw new Error(`Unknown character: '${key}'`);
    return letter === '@' ? 0 : letter.charCodeAt(0) & 0x1f;
  });
}

/** Watches typed bytes for the detach keys. What might be their beginning is held back until it is clear. */
export class DetachWatcher {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What to pass on, and whether the keys were all typed. */
  push(chunk: Uint8Array): { data: Uint8Array; detached: boolean } {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { data: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...this.#keys.slice(0, this.#matched));
      this.#matched = 0;
      if (byte === this.#keys[0]) this.#matched = 1;
      else out.push(byte);
    }
    return { data: Uint8Array.from(out), detached: false };
  }
}
