import type { Command } from '../command.ts';
import type { Flags } from '../flags/parse.ts';
import type { ComposeWorld } from './compose-world.ts';
import type { Warnings } from './warnings.ts';

/** What a command of `compose` is called with. */
export interface ComposeCall {
  readonly world: ComposeWorld;
  /** The flags before the command. */
  readonly root: Flags;
  readonly warnings: Warnings;
}

/** One command of `compose`. Its names and summary are in `compose-commands.ts`. */
export interface ComposeCommand extends Omit<Command, 'run'> {
  /** Resolves with the exit code. */
  readonly run: (call: ComposeCall, args: readonly string[], flags: Flags) => Promise<number>;
}
