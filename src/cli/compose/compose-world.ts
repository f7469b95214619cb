import type { ProjectFiles } from '../../compose/index.ts';
import type { Output } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';

/** Where text is printed. */
export type TextOutput = Pick<Output, 'write' | 'line' | 'isTerminal'>;

/** What commands of `compose` need of the machine. */
export interface ComposeWorld {
  readonly cli: Cli;
  readonly out: TextOutput;
  readonly err: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Omit<ProjectFiles, 'fetchRemote'>;
  /** Returns what fetches remote addresses for one run of the loader. The registries in the list may have plain http. */
  readonly remotes: (insecureRegistries: readonly string[]) => ProjectFiles['fetchRemote'];
  /** Absolute. */
  readonly currentFolder: string;
  readonly readStdin: () => string;
  readonly writeFile: (path: string, text: string) => void;
}
