import type { Cli } from '../cli.ts';
import type { Command } from '../command.ts';
import { runCommand } from '../run-command.ts';

/** Runs the command for one container with words of its own. Resolves with its exit code. @throws CliError, EngineError */
export function delegate(cli: Cli, named: string, command: Command, words: readonly string[]): Promise<number> {
  return runCommand(cli, { named, command }, words);
}

/** `--flag=value`, unless there is no value. */
export function flagWords(name: string, value: string): readonly string[] {
  return value === '' ? [] : [`--${name}=${value}`];
}
