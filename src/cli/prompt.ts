import type { Cli } from './cli.ts';
import { CliError } from './errors.ts';

/** Asks on the terminal; only `y` or `yes` is a yes. @throws CliError, with exit code 0 and without a word, when the answer is no */
export async function confirm(cli: Cli, warning: string): Promise<void> {
  cli.out.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = await readLine();
  if (!/^y(?:es)?$/i.test((answer ?? '').trim())) throw new CliError(0, '');
}

async function readLine(): Promise<string | undefined> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text === '' ? undefined : text.split('\n')[0];
}
