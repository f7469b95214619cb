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
  readonly files: ProjectFiles;
  /** Absolute. */
  readonly currentFolder: string;
  readonly readStdin: () => string;
  readonly writeFile: (path: string, text: string) => void;
}
