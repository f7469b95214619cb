import type { Cli } from '../cli.ts';
import { CliError, UsageError } from '../errors.ts';
import { HelpRequest, parseFlags } from '../flags/parse.ts';
import { flagTable } from '../help.ts';
import { COMPOSE_COMMANDS } from './compose-commands.ts';
import { ROOT_FLAGS } from './root-flags.ts';
import { OF_DOCKER } from './run-own.ts';

/** Says that Gantry has no such command of `compose`, or prints its help. Returns the exit code. @throws CliError */
export function explainMissing(cli: Cli, argv: readonly string[]): number {
  let word: string | undefined;
  try {
    const { flags, args } = parseFlags(ROOT_FLAGS, argv, { interspersed: false });
    word = flags.bool('version') ? 'version' : args[0];
  } catch (error) {
    if (error instanceof UsageError)
      throw new CliError(1, `${error.message}\n\nRun '${cli.name} compose --help' for more information`);
    if (!(error instanceof HelpRequest)) throw error;
  }
  if (word !== undefined && word !== 'help') {
    const known = OF_DOCKER.get(word);
    if (known !== undefined)
      throw new CliError(
        1,
        `${cli.name} compose ${word}: Gantry does not have this command: ${known.reason}.\nIt runs docker's plugin for it, docker-compose, which is not installed here.`,
      );
    const advice = `Run '${cli.name} compose --help' for the commands that there are`;
    throw new CliError(1, `${cli.name} compose: '${word}' is not a command of compose.\n\n${advice}`);
  }
  cli.out.write(composeHelp(cli.name, process.stdout.columns || 80));
  return 0;
}

function composeHelp(name: string, width: number): string {
  const commands = COMPOSE_COMMANDS.map((entry) => `  ${entry.name.padEnd(11)} ${entry.summary}`);
  const others = [...OF_DOCKER].map(([word, { summary }]) => `  ${word.padEnd(11)} ${summary}`);
  return [
    `Usage:  ${name} compose [OPTIONS] COMMAND`,
    'Define and run applications of several containers',
    `Commands:\n${commands.join('\n')}`,
    `Commands that docker's plugin runs, where it is installed:\n${others.join('\n')}`,
    `Options:\n${flagTable(ROOT_FLAGS, width)}`,
    `Run '${name} compose COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}
