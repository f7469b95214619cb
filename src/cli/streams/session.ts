import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import { Demultiplexer } from '../../io/index.ts';
import type { Cli } from '../cli.ts';
import { DEFAULT_DETACH_KEYS, DetachWatcher, parseDetachKeys } from './detach-keys.ts';
import { rawTerminal } from './raw-terminal.ts';

export interface SessionOptions {
  /** The stream is one terminal's, not multiplexed. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** As configured; '' for the default. */
  readonly detachKeys: string;
}

/** How a session ended: the container closed its side, or the user typed the detach keys. */
export type SessionEnd = 'closed' | 'detached';

export interface Session extends Disposable {
  /** Rejects when the stream breaks. */
  readonly ended: Promise<SessionEnd>;
}

/**
 * Connects this process's standard streams with a hijacked connection. Input goes until its end, which half-closes the
 * connection; output until the other side ends. Disposing puts the terminal back.
 */
export function openSession(cli: Cli, socket: Socket, options: SessionOptions): Session {
  const { promise: ended, resolve, reject } = Promise.withResolvers<SessionEnd>();
  const sink = outputSink(cli, options);
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
    ? pumpInput(cli, socket, { ...options, onDetach: () => resolve('detached') })
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

function outputSink(cli: Cli, { tty, stdout, stderr }: SessionOptions): (chunk: Buffer) => void {
  const toOut = stdout ? (data: Uint8Array): void => cli.out.write(data) : (): void => {};
  const toErr = stderr ? (data: Uint8Array): void => cli.err.write(data) : (): void => {};
  if (tty) return stdout ? toOut : toErr;
  const frames = new Demultiplexer(toOut, toErr);
  return (chunk) => frames.push(chunk);
}

function pumpInput(cli: Cli, socket: Socket, options: SessionOptions & { onDetach: () => void }): () => void {
  const input = process.stdin;
  const terminal = options.tty ? rawTerminal() : undefined;
  const watcher = options.tty ? new DetachWatcher(detachKeys(cli, options.detachKeys)) : undefined;
  const onDrain = (): void => void input.resume();
  const stop = (): void => {
    input.off('data', onData).off('end', onEnd).off('error', onEnd);
    socket.off('drain', onDrain);
    input.pause();
    terminal?.[Symbol.dispose]();
  };
  const onData = (chunk: Buffer): void => {
    const { data, detached } = watcher?.push(chunk) ?? { data: chunk, detached: false };
    const flowing = data.length === 0 || !socket.writable || socket.write(data);
    if (detached) {
      stop();
      options.onDetach();
    } else if (!flowing) input.pause();
  };
  const onEnd = (): void => {
    if (socket.writable) socket.end();
  };
  socket.on('drain', onDrain);
  input.on('data', onData).on('end', onEnd).on('error', onEnd);
  return stop;
}

function detachKeys(cli: Cli, text: string): readonly number[] {
  if (text === '') return DEFAULT_DETACH_KEYS;
  try {
    return parseDetachKeys(text);
  } catch (error) {
    cli.err.line(`invalid detach escape keys, using default: ${messageOf(error)}`);
    return DEFAULT_DETACH_KEYS;
  }
}
