/** Ends the command with this exit code. An empty message prints nothing. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong: printed with the command's usage, exit code 125. */
export class UsageError extends Error {}
