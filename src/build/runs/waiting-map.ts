/** A map whose readers may wait for a key that is set soon. */
export class WaitingMap<V> {
  readonly #values = new Map<string, V>();
  readonly #waiting = new Map<string, Set<() => void>>();

  get values(): ReadonlyMap<string, V> {
    return this.#values;
  }

  set(key: string, value: V): void {
    this.#values.set(key, value);
    for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** Returns the value, undefined when there is none by the end of the time. */
  async wait(key: string, milliseconds: number, signal: AbortSignal): Promise<V | undefined> {
    const known = this.#values.get(key);
    if (known !== undefined || signal.aborted) return known;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    waiting.delete(resolve);
    if (waiting.size === 0) this.#waiting.delete(key);
    return this.#values.get(key);
  }
}
