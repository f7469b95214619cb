import { LINE_BYTES_MAX } from '../limits.ts';

export interface SourceLine {
  /** With its line end. */
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** Reads a text line by line, up to a line that is too long. */
export class SourceLines {
  readonly #text: string;
  #at = 0;
  #count = 0;
  #isCut = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Number of lines read. */
  get count(): number {
    return this.#count;
  }

  /** Whether a line that is too long hides the rest. */
  get isCut(): boolean {
    return this.#isCut;
  }

  next(): SourceLine | undefined {
    if (this.#at >= this.#text.length || this.#isCut) return undefined;
    const feed = this.#text.indexOf('\n', this.#at);
    const end = feed < 0 ? this.#text.length : feed;
    if (isTooLong(this.#text, this.#at, end)) {
      this.#isCut = true;
      return undefined;
    }
    const text = this.#text.slice(this.#at, feed < 0 ? end : end + 1);
    this.#at += text.length;
    this.#count += 1;
    return { text, number: this.#count };
  }
}

function isTooLong(text: string, start: number, end: number): boolean {
  if ((end - start) * 3 <= LINE_BYTES_MAX) return false;
  return end - start > LINE_BYTES_MAX || Buffer.byteLength(text.slice(start, end)) > LINE_BYTES_MAX;
}

export function withoutLineEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--;
  return text.slice(0, end);
}
