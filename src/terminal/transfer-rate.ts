const WINDOW_MILLISECONDS = 3000;

/** The growth rate of a count of bytes, over the last seconds. */
export class TransferRate {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  add(at: number, bytes: number): void {
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) > WINDOW_MILLISECONDS) this.#samples.shift();
  }

  /** Bytes per second. Undefined until there are two values to compare. */
  perSecond(now: number): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.bytes <= first.bytes) return undefined;
    return ((last.bytes - first.bytes) * 1000) / Math.max(now - first.at, 1);
  }
}
