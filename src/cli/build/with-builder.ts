import { type Builder, type OpenBuilder, openBuilder } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import type { Flags } from '../flags/parse.ts';
import { parseDuration } from '../format/units.ts';
import { TIMEOUT_FLAG } from './builder-flags.ts';

const NANOS_PER_MILLISECOND = 1e6;

/**
 * Opens the engine's builder for a command, and closes it after. With the flag `--timeout` the builder must answer in that time. The
 * signal is aborted by Ctrl-C. @throws CliError for another builder, or none in time
 */
export async function withBuilder(
  cli: Cli,
  flags: Flags | undefined,
  use: (builder: Builder, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const name = flags?.declares('builder') === true ? flags.string('builder') : '';
  if (name !== '' && name !== 'default') throw new CliError(1, `ERROR: no builder ${JSON.stringify(name)} found`);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const { builder, failureOf } = await openInTime(cli, flags, stop.signal);
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

async function openInTime(cli: Cli, flags: Flags | undefined, signal: AbortSignal): Promise<OpenBuilder> {
  if (flags?.declares(TIMEOUT_FLAG.name) !== true) return await openBuilder(cli.client, signal);
  const given = flags.string('timeout');
  const late = AbortSignal.timeout(Math.max(0, Math.round(parseDuration(given) / NANOS_PER_MILLISECOND)));
  const opening = AbortSignal.any([signal, late]);
  try {
    await using opened = new AsyncDisposableStack();
    const found = await openBuilder(cli.client, opening);
    opened.use(found.builder);
    await found.builder.workers(opening);
    opened.move();
    return found;
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    throw new CliError(1, `ERROR: the builder has not answered within ${given}`, { cause: error });
  }
}
