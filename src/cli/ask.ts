import type { Cli } from './cli.ts';
import { CliError } from './errors.ts';

/** Reads all of standard input as text. */
export async function readStandardInput(): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

export async function askText(cli: Cli, prompt: string): Promise<string> {
  return ask(cli, prompt, { echo: true });
}

/** Reads a line without echo. */
export async function askPassword(cli: Cli, prompt: string): Promise<string> {
  return ask(cli, prompt, { echo: false });
}

async function ask(cli: Cli, prompt: string, { echo }: { readonly echo: boolean }): Promise<string> {
  const { stdin } = process;
  // Raw mode starts before the prompt: a password that is typed at once must not be echoed.
  stdin.setRawMode(true);
  cli.out.write(prompt);
  try {
    let typed = '';
    for (;;) {
      const keys = [...(await nextKeys(stdin))];
      for (const [index, key] of keys.entries()) {
        if (key === '\r' || key === '\n') {
          cli.out.write('\r\n');
          // Keys typed ahead answer the next prompt.
          const ahead = keys.slice(index + 1).join('');
          if (ahead !== '') stdin.unshift(Buffer.from(ahead));
          return typed.trim();
        }
        if (key === '\u0003' || key === '\u0004') throw new CliError(key === '\u0003' ? 130 : 1, '\n');
        if (key === '\u007f' || key === '\b') {
          if (echo && typed !== '') cli.out.write('\b \b');
          typed = typed.slice(0, -1);
        } else if (key >= ' ') {
          typed += key;
          if (echo) cli.out.write(key);
        }
      }
    }
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

function nextKeys(stdin: NodeJS.ReadStream): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const onEnd = (): void => resolve('\u0004');
  stdin.once('end', onEnd);
  stdin.once('data', (chunk: Buffer) => {
    stdin.off('end', onEnd);
    stdin.pause();
    resolve(chunk.toString('utf8'));
  });
  stdin.resume();
  return promise;
}
