import { spawn } from 'node:child_process';
import { TIMEOUT_FACTOR } from './timeout-factor.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** After this time the command is ended with SIGKILL. The test then fails on its exit code. */
  readonly timeoutMs?: number;
}

/** Runs a command to its end and captures its output. The exit code is 128+n when a signal ended it. */
export async function command(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000 * TIMEOUT_FACTOR);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {}); // EPIPE when the command ends before it has read its input.
  child.stdin.end(options.input ?? '');
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on('error', reject);
  child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  try {
    const code = await promise;
    return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  } finally {
    clearTimeout(timer);
  }
}

/** A command on a real pseudo-terminal, through util-linux's `script`. Written text counts as typed. */
export interface TerminalSession extends AsyncDisposable {
  write(text: string): void;
  /** The whole output on the terminal. */
  shown(): string;
  /** Waits until the output matches. Rejects with the output when the command ends, or after a timeout. */
  until(pattern: RegExp): Promise<string>;
  readonly exited: Promise<number>;
}

export function terminal(
  line: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly rows?: number; readonly columns?: number } = {},
): TerminalSession {
  const sized = `stty rows ${options.rows ?? 24} cols ${options.columns ?? 80}; exec ${line}`;
  const child = spawn('script', ['-qfec', sized, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  const watchers = new Set<() => void>();
  const notify = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      notify();
    });
  let ended = false;
  const exited = new Promise<number>((resolve) =>
    child.on('close', (code) => {
      ended = true;
      resolve(code ?? 1);
      notify();
    }),
  );
  return {
    write: (typed) => void child.stdin.write(typed),
    shown: () => text,
    exited,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const finish = (finish: () => void): void => {
          clearTimeout(timer);
          watchers.delete(look);
          finish();
        };
        const look = (): void => {
          if (pattern.test(text)) finish(() => resolve(text));
          else if (ended) finish(() => reject(new Error(`ended before ${pattern}: ${JSON.stringify(text)}`)));
        };
        const timer = setTimeout(
          () => finish(() => reject(new Error(`no ${pattern} in ${JSON.stringify(text)}`))),
          20_000 * TIMEOUT_FACTOR,
        );
        watchers.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill('SIGKILL');
      await exited;
    },
  };
}
