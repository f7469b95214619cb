import type { Escape } from '../parse/tree.ts';

/** The values of variables by name. */
export interface Variables {
  get(name: string): string | undefined;
}

/** What stays in the text. */
export interface ExpandMode {
  /** Quotes stay, and still quote. */
  readonly keepsQuotes?: boolean;
  /** Escape characters stay, and still escape. */
  readonly keepsEscapes?: boolean;
  /** `$name` stays when it is not set. */
  readonly keepsUnset?: boolean;
  /** Quotes are characters like others, as in a heredoc. */
  readonly ignoresQuotes?: boolean;
  /** Another escape character than the Dockerfile's. */
  readonly escapeChar?: Escape;
}

export interface Expanded {
  readonly text: string;
  /** The text split at blanks outside quotes. */
  readonly words: readonly string[];
  /** Names that were asked for and set. */
  readonly used: ReadonlySet<string>;
  /** Names that were asked for and not set. */
  readonly undefined: ReadonlySet<string>;
}
