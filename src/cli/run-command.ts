import { EngineError, messageOf } from '../base/errors.ts';
import { TemplateExecutionError } from '../base/template/index.ts';
import type { Cli } from './cli.ts';
import { argumentFault, type Command } from './command.ts';
import { CliError, UsageError } from './errors.ts';
import { parseFlags } from './flags/parse.ts';

export interface CalledCommand {
  readonly named: string;
  readonly command: Command;
  /** The exit code for flags that are wrong. */
  readonly usageExitCode?: number;
}

/** Parses a command's words and runs it. Resolves with the exit code. @throws CliError, EngineError, HelpRequest */
export async function runCommand(
  cli: Cli,
  { named, command, usageExitCode = 125 }: CalledCommand,
  argv: readonly string[],
): Promise<number> {
  const name = `${cli.name} ${named}`;
  try {
    const { flags, args } = parseFlags(command.flags, argv, { interspersed: command.interspersed ?? true });
    const fault = argumentFault(name, command.args, args.length);
    if (fault !== undefined) {
      const verb = fault.includes('at least') && !fault.includes('at most') ? 'See' : 'Run';
      throw new CliError(1, usageFault(`${cli.name}: ${fault}`, { name, command, verb }));
    }
    return await command.run(cli, args, flags);
  } catch (error) {
    if (error instanceof UsageError)
      throw new CliError(usageExitCode, usageFault(error.message, { name, command, verb: 'Run' }));
    throw error;
  }
}

function usageFault(
  message: string,
  { name, command, verb }: { name: string; command: Command; verb: string },
): string {
  return `${message}\n\nUsage:  ${`${name} ${command.usage}`.trimEnd()}\n\n${verb} '${name} --help' for more information`;
}

/** Prints why a command failed. Returns its exit code. */
export function reportFailure(cli: Cli, error: unknown): number {
  const message = messageOf(error);
  if (message !== '') cli.err.line(message);
  // The cause and the stack, for users who ask for them, and for unexpected errors.
  const expected = [CliError, EngineError, TemplateExecutionError].some((kind) => error instanceof kind);
  if ((cli.options.debug || !expected) && error instanceof Error) {
    cli.err.line(error.stack ?? '');
    if (error.cause !== undefined) cli.err.line(`caused by: ${messageOf(error.cause)}`);
  }
  return error instanceof CliError ? error.exitCode : 1;
}
