import type { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { Demultiplexer, DetachScanner } from '../io/index.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../spec/index.ts';
import type { Output } from './output.ts';
import { rawTerminal } from './raw-terminal.ts';

/** The outputs of a session. */
export interface Screen {
  readonly out: Output;
  readonly err: Output;
}

export interface SessionOptions {
  /** Whether the stream is a terminal's and not multiplexed. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The configured detach keys. '' for the default. */
  readonly detachKeys: string;
}

/** The end of a session: the container closed its side, or the user typed the detach keys. */
export type SessionEnd = 'closed' | 'detached';

/**
 * The standard streams of this process on a hijacked connection, of an attach or an exec.
 *
 * One life: `openSession` begins to copy, and makes the terminal raw when input comes from one. `ended` resolves when the
 * container closes its side or the user types the detach keys. The caller disposes the session, which restores the
 * terminal and closes the connection, and then asks for the exit code.
 */
export interface Session extends Disposable {
  /** Rejects when the stream breaks. */
  readonly ended: Promise<SessionEnd>;
}

/**
 * Connects this process's standard streams to a hijacked connection. The end of the input half-closes the connection.
 * Output continues until the other side ends. Disposing restores the terminal.
 */
export function openSession(screen: Screen, socket: Socket, options: SessionOptions): Session {
  const { promise: ended, resolve, reject } = Promise.withResolvers<SessionEnd>();
  const sink = outputSink(screen, options);
  socket.on('data', (chunk: Buffer) => {
    try {
      sink(chunk);
    } catch (error) {
      reject(error);
      socket.destroy();
    }
  });
  socket.on('end', () => resolve('closed'));
  socket.on('close', () => resolve('closed'));
  socket.on('error', reject);
  const stopInput = options.stdin
    ? pumpInput(screen, socket, { ...options, onDetach: () => resolve('detached') })
    : undefined;
  socket.resume();
  return {
    ended,
    [Symbol.dispose]() {
      stopInput?.();
      socket.destroy();
    },
  };
}

function outputSink(screen: Screen, { tty, stdout, stderr }: SessionOptions): (chunk: Buffer) => void {
  const toOut = stdout ? (data: Uint8Array): void => screen.out.write(data) : (): void => {};
  const toErr = stderr ? (data: Uint8Array): void => screen.err.write(data) : (): void => {};
  if (tty) return stdout ? toOut : toErr;
  const frames = new Demultiplexer(toOut, toErr);
  return (chunk) => frames.push(chunk);
}

function pumpInput(screen: Screen, socket: Socket, options: SessionOptions & { onDetach: () => void }): () => void {
  const input = process.stdin;
  const terminal = options.tty ? rawTerminal() : undefined;
  const scanner = options.tty ? new DetachScanner(detachKeys(screen, options.detachKeys)) : undefined;
  const onDrain = (): void => void input.resume();
  const stop = (): void => {
    input.off('data', onData).off('end', onEnd).off('error', onEnd);
    socket.off('drain', onDrain);
    input.pause();
    terminal?.[Symbol.dispose]();
  };
  const onData = (chunk: Buffer): void => {
    const { pass, detached } = scanner?.scan(chunk) ?? { pass: chunk, detached: false };
    const flowing = pass.length === 0 || !socket.writable || socket.write(pass);
    if (detached) {
      stop();
      options.onDetach();
    } else if (!flowing) input.pause();
  };
  const onEnd = (): void => {
    if (socket.writable) socket.end(scanner?.flush() ?? '');
  };
  socket.on('drain', onDrain);
  input.on('data', onData).on('end', onEnd).on('error', onEnd);
  return stop;
}

function detachKeys(screen: Screen, text: string): Uint8Array {
  if (text === '') return DEFAULT_DETACH_KEYS;
  try {
    return parseDetachKeys(text);
  } catch (error) {
    screen.err.line(`invalid detach escape keys, using default: ${messageOf(error)}`);
    return DEFAULT_DETACH_KEYS;
  }
}
