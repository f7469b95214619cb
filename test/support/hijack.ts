import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { Demultiplexer } from '../../src/io/index.ts';
import { TIMEOUT_FACTOR } from './timeout-factor.ts';

/** A hijacked connection: the client's end of an attach or an exec. */
export interface HijackedStream extends Disposable {
  send(text: string): void;
  /** Ends only the input. */
  endInput(): void;
  /** All received bytes, stdout and stderr in the order of their arrival. */
  received(): string;
  /** The received bytes of stdout; on a terminal all. */
  output(): string;
  /** The received bytes of stderr. */
  errors(): string;
  /** Waits until the received text matches. Rejects when the connection ends, or after a timeout. */
  until(pattern: RegExp): Promise<void>;
  /** Resolves when the other end has closed the connection. */
  readonly ended: Promise<void>;
}

/** Posts with `Upgrade: tcp`. With `tty` the stream is raw, else multiplexed. */
export async function hijack(
  socketPath: string,
  path: string,
  options: { readonly tty: boolean; readonly body?: object },
): Promise<HijackedStream> {
  const body = options.body === undefined ? '' : JSON.stringify(options.body);
  const sent = request({
    socketPath,
    method: 'POST',
    path,
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'tcp',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  sent.on('upgrade', (_response, socket, head) => {
    socket.unshift(head);
    resolve(socket);
  });
  sent.on('response', (response) => {
    response.resume();
    reject(new Error(`${path}: answered ${response.statusCode}, not upgraded`));
  });
  sent.on('error', reject);
  sent.end(body);
  return stream(await promise, options.tty);
}

/** Reads the multiplexed response of a GET while it continues. */
export async function readStream(socketPath: string, path: string): Promise<Omit<HijackedStream, 'send' | 'endInput'>> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request({ socketPath, path, agent: false }, resolve).on('error', reject).end();
  const response = await promise;
  if (response.statusCode === 200) return received(response, false);
  response.resume();
  throw new Error(`${path}: answered ${response.statusCode}`);
}

function stream(socket: Duplex, tty: boolean): HijackedStream {
  return {
    ...received(socket, tty),
    send: (typed) => void socket.write(typed),
    endInput: () => void socket.end(),
  };
}

function received(socket: Readable, tty: boolean): Omit<HijackedStream, 'send' | 'endInput'> {
  const both: Buffer[] = [];
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const add = (part: Buffer[]) => (data: Uint8Array) => {
    part.push(Buffer.from(data));
    both.push(Buffer.from(data));
  };
  const [out, error] = [add(stdout), add(stderr)];
  const demultiplexer = new Demultiplexer(out, error);
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => (tty ? out(chunk) : demultiplexer.push(chunk)));
  socket.on('error', () => end());
  socket.on('close', () => end());
  socket.on('end', () => end());
  return {
    received: () => text(both),
    output: () => text(stdout),
    errors: () => text(stderr),
    ended,
    async until(pattern) {
      let over = false;
      void ended.then(() => (over = true));
      for (let left = 1000 * TIMEOUT_FACTOR; !pattern.test(text(both)); left--) {
        if (over || left === 0)
          assert.fail(`no ${pattern} in ${JSON.stringify(text(both))}${over ? ', which ended' : ''}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
