import type { Config } from '../client/index.ts';

/** The dependencies of logins. */
export interface LoginDeps {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints a problem after which the program continues. */
  warn(text: string): void;
}
