/** Where lines go. */
export interface LogOutput {
  out(text: string): void;
  err(text: string): void;
}

export interface LogStyle {
  readonly hasPrefix: boolean;
  readonly hasColor: boolean;
}

/** Cyan, yellow, green, magenta, blue, and the bright ones. */
const COLORS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
/** A line that does not end is printed in parts of this length. */
const LINE_CHARACTERS_MAX = 1 << 20;

/**
 * Prints the lines of several containers, each behind the name of its container. Lines are never mixed: a part of a line waits for
 * its end.
 */
export class LogPrinter {
  readonly #output: LogOutput;
  readonly #style: LogStyle;
  readonly #colors = new Map<string, number>();
  #width = 0;

  constructor(output: LogOutput, style: LogStyle) {
    this.#output = output;
    this.#style = style;
  }

  /** Makes the names of all as wide as the widest. */
  announce(names: Iterable<string>): void {
    for (const name of names) this.#width = Math.max(this.#width, name.length);
  }

  /** A sink for one stream of a container. Call `end` for a last line without an end. */
  sink(name: string, stream: 'out' | 'err'): { write(chunk: Uint8Array): void; end(): void } {
    this.announce([name]);
    const decoder = new TextDecoder();
    let rest = '';
    const take = (text: string): void => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#line(name, stream, line);
      if (rest.length < LINE_CHARACTERS_MAX) return;
      this.#line(name, stream, rest);
      rest = '';
    };
    return {
      write: (chunk) => take(decoder.decode(chunk, { stream: true })),
      end: () => {
        take(decoder.decode());
        if (rest !== '') this.#line(name, stream, rest);
        rest = '';
      },
    };
  }

  /** Prints a line about a container, such as its end. */
  tell(text: string): void {
    this.#output.out(`${this.#style.hasColor ? '\r\x1b[K' : ''}${text}\n`);
  }

  #line(name: string, stream: 'out' | 'err', text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    this.#output[stream](`${this.#prefix(name)}${line}\n`);
  }

  #prefix(name: string): string {
    if (!this.#style.hasPrefix) return '';
    const text = `${name.padEnd(this.#width)}  | `;
    if (!this.#style.hasColor) return text;
    const known = this.#colors.get(name);
    const color = known ?? COLORS[this.#colors.size % COLORS.length] ?? 0;
    if (known === undefined) this.#colors.set(name, color);
    return `\x1b[${color}m${text}\x1b[0m`;
  }
}
