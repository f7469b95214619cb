import { messageOf } from '../../base/errors.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';

/**
 * The error of a container that could not be started. Its exit code is a shell's: 127 for a missing command, 126 for
 * one that is not executable, 125 for an error of the engine.
 */
export function startError(cli: Cli, verb: string, error: unknown): CliError {
  const message = messageOf(error);
  return new CliError(
    startExitCode(message),
    `${cli.name}: ${message}\n\nRun '${cli.name} ${verb} --help' for more information`,
    { cause: error },
  );
}

export function startExitCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message))
    return 127;
  if (/permission denied|is a directory/.test(message)) return 126;
  return 125;
}
