import type { Cli } from './cli.ts';
import { CliError } from './errors.ts';

/**
 * Asks for confirmation on the terminal. Only `y` and `yes` confirm. @throws CliError with exit code 0 and no message
 * otherwise
 */
export async function confirm(cli: Cli, warning: string): Promise<void> {
  cli.out.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = await readLine(cli);
  if (!/^y(?:es)?$/i.test((answer ?? '').trim())) throw new CliError(0, '');
}

/** Reads one line. Returns undefined at the end of input. @throws CliError 130 for Ctrl-C */
async function readLine(cli: Cli): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const { stdin } = process;
  let text = '';
  const onData = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    if (text.includes('\n')) resolve(text.split('\n')[0]);
  };
  const onEnd = (): void => resolve(text === '' ? undefined : text);
  const onInterrupt = (): void => {
    cli.out.write('\n');
    reject(new CliError(130, ''));
  };
  stdin.on('data', onData).once('end', onEnd).once('error', onEnd);
  process.once('SIGINT', onInterrupt);
  try {
    return await promise;
  } finally {
    process.off('SIGINT', onInterrupt);
    stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause();
  }
}
