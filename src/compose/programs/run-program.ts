import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { failed, messageOf } from '../../base/errors.ts';

/** Starts programs of this machine that Compose works with. */
export interface ProgramHost {
  /** The program of a plugin of docker's command line, or undefined. */
  findPlugin(name: string): string | undefined;
  /** The program with a name on PATH, or undefined. */
  findOnPath(name: string): string | undefined;
  /** Variables that programs get. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ProgramEnd {
  /** 128+n when a signal ended it. */
  readonly exitCode: number;
  /** The last that it wrote to its standard error. */
  readonly errors: string;
}

/** A program that writes a longer line, or more than this in all, is ended. */
const LINE_BYTES_MAX = 1 << 20;
const OUTPUT_BYTES_MAX = 64 << 20;
const ERRORS_CHARACTERS = 4096;

/**
 * Runs a program to its end, and passes on the lines of its standard output. What `onLine` throws ends the program. Aborting the signal
 * ends it too. @throws EngineError failed when it cannot be started, or writes a line of more than 1 MiB, or more than 64 MiB; what
 * `onLine` throws
 */
export async function runProgram(
  { path, args, env }: Program,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = spawn(path, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = Promise.withResolvers<number>();
  // Its end is asked for after its output.
  ended.promise.catch(() => {});
  child.on('error', (error) => ended.reject(failed(`cannot run ${path}: ${messageOf(error)}`, error)));
  child.on('exit', (code, name) => ended.resolve(code ?? 128 + constants.signals[name ?? 'SIGKILL']));
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + String(chunk)).slice(-ERRORS_CHARACTERS);
  });
  try {
    const bounded = child.stdout.pipe(bound(path));
    child.stdout.on('error', (error) => bounded.destroy(error));
    for await (const line of createInterface({ input: bounded, crlfDelay: Number.POSITIVE_INFINITY })) onLine(line);
    if (bounded.errored) throw bounded.errored;
    return { exitCode: await ended.promise, errors: errors.trim() };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Passes bytes on until a line or the whole is too long. */
function bound(path: string): Transform {
  let lineBytes = 0;
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      const last = chunk.lastIndexOf(0x0a);
      lineBytes = last < 0 ? lineBytes + chunk.length : chunk.length - last - 1;
      if (lineBytes > LINE_BYTES_MAX) done(failed(`${path} wrote a line of more than ${LINE_BYTES_MAX} bytes`));
      else if (bytes > OUTPUT_BYTES_MAX) done(failed(`${path} wrote more than ${OUTPUT_BYTES_MAX} bytes`));
      else done(null, chunk);
    },
  });
}
