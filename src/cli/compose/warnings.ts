import type { TextOutput } from './compose-world.ts';

/** Prints warnings in the forms of docker's programs, each text once. */
export class Warnings {
  readonly #err: TextOutput;
  readonly #form: 'text' | 'json';
  readonly #printed = new Set<string>();
  readonly #started = Date.now();

  constructor(err: TextOutput, form: 'text' | 'json') {
    this.#err = err;
    this.#form = form;
  }

  warn(text: string): void {
    if (this.#printed.has(text)) return;
    this.#printed.add(text);
    this.#err.line(this.#line(text));
  }

  #line(text: string): string {
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    if (this.#form === 'json') return JSON.stringify({ level: 'warning', msg: text, time });
    if (!this.#err.isTerminal) return `time="${time}" level=warning msg=${JSON.stringify(text)}`;
    const seconds = String(Math.floor((Date.now() - this.#started) / 1000)).padStart(4, '0');
    return `\u001b[33mWARN\u001b[0m[${seconds}] ${text}`;
  }
}
