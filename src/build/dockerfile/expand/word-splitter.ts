import { isSpace } from '../../../base/go-space.ts';

/** Collects words of expanded text: blanks split them, but not quoted ones. */
export class WordSplitter {
  readonly #words: string[] = [];
  #word = '';

  /** Text in which blanks split. */
  addSplit(text: string): void {
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      if (!isSpace(text[at] ?? '')) continue;
      this.#word += text.slice(start, at);
      this.#close();
      start = at + 1;
    }
    this.#word += text.slice(start);
  }

  /** Text that stays together. */
  addWhole(text: string): void {
    this.#word += text;
  }

  end(): readonly string[] {
    this.#close();
    return this.#words;
  }

  #close(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}
