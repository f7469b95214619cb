/** Counts the references to things. What nobody refers to takes no memory. */
export class ReferenceCounts<T> {
  readonly #counts = new Map<T, number>();

  has(thing: T): boolean {
    return this.#counts.has(thing);
  }

  count(thing: T): number {
    return this.#counts.get(thing) ?? 0;
  }

  add(things: Iterable<T>): void {
    for (const thing of things) this.#counts.set(thing, this.count(thing) + 1);
  }

  /** Returns those that nobody refers to any more. */
  remove(things: Iterable<T>): readonly T[] {
    const free: T[] = [];
    for (const thing of things) {
      const left = this.count(thing) - 1;
      if (left > 0) this.#counts.set(thing, left);
      else if (this.#counts.delete(thing)) free.push(thing);
    }
    return free;
  }
}
