import { Cli } from './cli.ts';
import type { Command } from './command.ts';
import { HelpRequest } from './flags/parse.ts';
import { reportFailure, runCommand } from './run-command.ts';

/**
 * Runs one command without the rest of the program: bundled alone, it starts faster. For command lines that begin with
 * the command's name and need no context. Resolves with undefined when the whole program is needed.
 */
export async function quick(
  named: string,
  command: Command,
  given: { argv: readonly string[]; env: Readonly<Record<string, string | undefined>> },
): Promise<number | undefined> {
  const { argv, env } = given;
  if (env['DOCKER_CONTEXT'] || env['DOCKER_TLS_VERIFY']) return undefined;
  const cli = new Cli({ hosts: [], debug: false }, env);
  try {
    return await runCommand(cli, { named, command }, argv);
  } catch (error) {
    return error instanceof HelpRequest ? undefined : reportFailure(cli, error);
  }
}
