import { spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { isatty } from 'node:tty';
import { errnoOf } from '../base/errors.ts';

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_BYTES_MAX = 4 << 20;
/** A long time, since the user may have to type a passphrase into a window. */
const TIMEOUT_MS = 120_000;

/**
 * Runs a program to its end. Secrets are passed by `input`, never by arguments. The code is 127 when the program does
 * not exist, and 124 after a timeout.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<ProgramResult> {
  const terminal = terminalName();
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // gpg-agent asks for passphrases on this terminal.
    env: { ...process.env, ...(terminal === undefined ? {} : { GPG_TTY: process.env['GPG_TTY'] ?? terminal }) },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', (error) => (errnoOf(error) === 'ENOENT' ? resolve(127) : reject(error)));
  child.on('close', (code) => resolve(code ?? 124));
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (texts[name].length < OUTPUT_BYTES_MAX) texts[name] += text;
    });
  }
  child.stdin.on('error', () => {}); // The program need not read its input.
  child.stdin.end(options.input ?? '');
  return { code: await promise, ...texts };
}

/** The name of the terminal of one of our streams. For an agent `/dev/tty` would mean another one. */
function terminalName(): string | undefined {
  const descriptor = [2, 1, 0].find((each) => isatty(each));
  if (descriptor === undefined) return undefined;
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}
