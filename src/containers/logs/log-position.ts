import { FIXED_BYTES, fixTime } from './entry-time.ts';

/**
 * A reader's position in a log, kept as the time of the last entry. It serves files that cannot be recognised after a
 * rotation.
 */
export class LogPosition {
  /**
   * The last entry's time as written. It is converted into the fixed form only when the position has to be found again.
   */
  readonly #rawTime = Buffer.alloc(FIXED_BYTES + 8);
  #rawTimeLength = 0;
  /** Number of entries in a row that have this time. */
  #sameTime = 0;
  #after: Buffer | undefined;
  #seenAgain = 0;

  /** True from {@link searchAgain} until the first entry that was not shown. */
  get searching(): boolean {
    return this.#after !== undefined;
  }

  note(bytes: Buffer, timeAt: number, timeEnd: number): void {
    const length = timeEnd - timeAt;
    if (length === this.#rawTimeLength && bytes.compare(this.#rawTime, 0, length, timeAt, timeEnd) === 0) {
      this.#sameTime += 1;
      return;
    }
    if (length > this.#rawTime.length) return;
    bytes.copy(this.#rawTime, 0, timeAt, timeEnd);
    this.#rawTimeLength = length;
    this.#sameTime = 1;
  }

  searchAgain(): void {
    const after = Buffer.alloc(FIXED_BYTES);
    this.#after = this.#rawTimeLength > 0 && fixTime(after, this.#rawTime, 0, this.#rawTimeLength) ? after : undefined;
    this.#seenAgain = this.#sameTime;
  }

  /**
   * Whether an entry with this time, in the fixed form, was shown. Entries written together have one time: as many of
   * them count as shown as were shown.
   */
  wasShown(time: Buffer): boolean {
    if (this.#after === undefined) return false;
    const order = time.compare(this.#after);
    if (order < 0) return true;
    if (order === 0 && this.#seenAgain > 0) {
      this.#seenAgain -= 1;
      return true;
    }
    this.#after = undefined;
    return false;
  }
}
