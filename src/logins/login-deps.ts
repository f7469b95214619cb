import type { Config } from '../client/index.ts';

/** What logins need of a program. */
export interface LoginDeps {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells the user what went wrong where the program goes on. */
  warn(text: string): void;
}
