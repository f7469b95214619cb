import { type Builder, openBuilder } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';

/** Opens the engine's builder for a command, and closes it after. The signal is aborted by Ctrl-C. @throws CliError for another builder */
export async function withBuilder(
  cli: Cli,
  flags: Flags | undefined,
  use: (builder: Builder, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const name = flags?.string('builder') ?? '';
  if (name !== '' && name !== 'default') throw new CliError(1, `ERROR: no builder ${JSON.stringify(name)} found`);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const { builder, failureOf } = await openBuilder(cli.client, stop.signal);
    await using _opened = builder;
    try {
      return await use(builder, stop.signal);
    } catch (error) {
      const failure = failureOf(error);
      throw failure === undefined ? error : new CliError(1, `ERROR: ${failure.message}`, { cause: error });
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}
