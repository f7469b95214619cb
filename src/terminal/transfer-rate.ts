const WINDOW_MILLISECONDS = 3000;

/** How fast a count of bytes grows, over the last seconds. */
export class TransferRate {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  add(at: number, bytes: number): void {
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > WINDOW_MILLISECONDS) this.#samples.shift();
  }

  /** Bytes; undefined until there is something to compare. */
  perSecond(now: number): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.bytes <= first.bytes) return undefined;
    return ((last.bytes - first.bytes) * 1000) / Math.max(now - first.at, 1);
  }
}
