/** Messages on their way to one reader. A sender waits until its message has been taken. */
export class Outbox<T> {
  readonly #waiting: { readonly message: T; readonly taken: () => void }[] = [];
  #changed = Promise.withResolvers<void>();
  #end: { readonly error?: unknown } | undefined;

  /** Resolves when the reader has taken the message, or will take no more. */
  async send(message: T): Promise<void> {
    if (this.#end !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ message, taken: resolve });
    this.#wake();
    await promise;
  }

  /** Ends the reading after what waits; with an error at once. */
  end(failure: { readonly error?: unknown } = {}): void {
    this.#end ??= failure;
    this.#wake();
  }

  /** @throws what {@link end} was given */
  async *read(): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next.message;
          next.taken();
        } else if (this.#end !== undefined) return;
        else await this.#changed.promise;
      }
    } finally {
      this.#end ??= {};
      for (const { taken } of this.#waiting.splice(0)) taken();
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
