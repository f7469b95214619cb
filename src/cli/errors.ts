/** Ends the command with this exit code. An empty message prints nothing. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong. The message is printed with the command's usage; the exit code is 125. */
export class UsageError extends Error {}
