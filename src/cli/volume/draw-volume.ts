import type { ProgressMessage, VolumeSummary } from '../../client/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';

/** Draws the progress of a volume's content on standard error, and prints the name of the resulting volume. */
export async function drawVolume(
  cli: Cli,
  messages: AsyncIterable<ProgressMessage>,
  { quiet }: { readonly quiet: boolean },
): Promise<void> {
  let volume: VolumeSummary | undefined;
  async function* watched(): AsyncIterable<ProgressMessage> {
    for await (const message of messages) {
      if (message.aux === undefined) yield message;
      else volume = message.aux as VolumeSummary;
    }
  }
  await drawProgress(watched(), quiet || !cli.err.isTerminal ? undefined : cli.err);
  if (volume === undefined) throw new CliError(1, 'the engine ended the operation without a result');
  cli.out.line(volume.Name);
}
