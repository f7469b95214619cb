import { openSync, readFileSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { messageOf } from '../base/errors.ts';
import type { PassphraseSource } from './encrypted-file/vault-key.ts';
import { CredentialError } from './secret-store.ts';

/**
 * Reads GANTRY_CREDENTIALS_PASSPHRASE_FILE, else asks on the terminal, whatever the standard streams are. With CI set
 * it does not ask: jobs may have a terminal without a user.
 */
export function passphraseSource(env: Readonly<Record<string, string | undefined>>): PassphraseSource {
  const path = env['GANTRY_CREDENTIALS_PASSPHRASE_FILE'] ?? '';
  if (path !== '') {
    const read = async (): Promise<string> => readPassphrase(path);
    return { fixed: true, existing: read, fresh: read };
  }
  const nobody = (env['CI'] ?? '') !== '';
  return {
    fixed: false,
    existing: (attempt) =>
      onTerminal(nobody, async (ask) => {
        const again = attempt > 1 ? 'Wrong passphrase. ' : '';
        return await ask(`${again}Passphrase of your saved logins (asked once until the machine restarts): `);
      }),
    fresh: () =>
      onTerminal(nobody, async (ask) => {
        for (;;) {
          const first = await ask(
            'New passphrase for your saved logins (empty: keep them until the machine restarts): ',
          );
          if (first === '' || (await ask('The same passphrase again: ')) === first) return first;
          await ask('They differ. Press Enter to try again. ');
        }
      }),
  };
}

function readPassphrase(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new CredentialError(`GANTRY_CREDENTIALS_PASSPHRASE_FILE: ${messageOf(error)}`);
  }
  if (text === '') throw new CredentialError(`GANTRY_CREDENTIALS_PASSPHRASE_FILE: ${path} is empty`);
  return text;
}

async function onTerminal<T>(
  nobody: boolean,
  talk: (ask: (prompt: string) => Promise<string>) => Promise<T>,
): Promise<T | undefined> {
  if (nobody) return undefined;
  let descriptor: number;
  try {
    descriptor = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  const keys = new ReadStream(descriptor);
  try {
    keys.setRawMode(true);
    return await talk((prompt) => ask(descriptor, keys, prompt));
  } finally {
    keys.setRawMode(false);
    keys.destroy();
  }
}

/** Reads a line without echo. */
async function ask(descriptor: number, keys: ReadStream, prompt: string): Promise<string> {
  writeSync(descriptor, prompt);
  let typed = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onEnd = (): void => reject(new CredentialError('no passphrase was given'));
  const onKeys = (chunk: Buffer): void => {
    const keysTyped = [...chunk.toString('utf8')];
    for (const [index, key] of keysTyped.entries()) {
      if (key === '\r' || key === '\n') {
        keys.pause();
        // Keys typed ahead answer the next question.
        const ahead = keysTyped.slice(index + 1).join('');
        if (ahead !== '') keys.unshift(Buffer.from(ahead));
        resolve(typed);
        return;
      }
      if (key === '\u0003' || key === '\u0004') onEnd();
      else if (key === '\u007f' || key === '\b') typed = [...typed].slice(0, -1).join('');
      else if (key >= ' ') typed += key;
    }
  };
  keys.on('data', onKeys).once('end', onEnd).resume();
  try {
    return await promise;
  } finally {
    keys.pause().off('data', onKeys).off('end', onEnd);
    writeSync(descriptor, '\r\n');
  }
}
