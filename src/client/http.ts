/**
 * HTTP/1.1 on a raw socket: requests, responses as streams, hijacked connections.
 *
 * It does not use node:http because a connection may be hijacked after `200` as well as after `101`, with the bytes of
 * the stream that have arrived already. Start-up time is not the reason: through `process.getBuiltinModule` node:http
 * takes 1 to 4 ms more than `node:net` (as an ES import it takes tens, because its lazy exports are read). A whole
 * request was not compared.
 */
import type { Socket } from 'node:net';
import { EngineError } from '../base/errors.ts';
import { type BodyDecoder, chunked, emptyBody, fixedLength, untilClose } from './body-decoder.ts';

export interface RequestHead {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Each value of a list becomes a header of its own. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. The values of repeated headers are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

const HEAD_LIMIT = 256 * 1024;

/** @throws EngineError invalid for a header with a line break */
export function formatHead(head: RequestHead): string {
  const lines = [`${head.method} ${head.target} HTTP/1.1`];
  for (const [name, values] of Object.entries(head.headers))
    for (const value of [values].flat()) lines.push(`${name}: ${value}`);
  if (lines.some((line) => /[\r\n\0]/.test(line))) throw new EngineError('invalid', 'a header contains a line break');
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Reads the head of a response. Returns the bytes after it as `rest`. @throws EngineError unavailable */
export function readHead(socket: Socket): Promise<{ head: ResponseHead; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const stop = (): void => {
      socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onEnd);
    };
    const onData = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const end = seen.indexOf('\r\n\r\n');
      if (end === -1 && seen.length < HEAD_LIMIT) return;
      stop();
      socket.pause();
      const head = end === -1 ? undefined : parseHead(seen.toString('latin1', 0, end));
      if (head === undefined) reject(new EngineError('unavailable', 'the response of the engine is not HTTP'));
      // 100 Continue and other interim responses precede the final one.
      else if (head.status < 200 && head.status !== 101) {
        socket.unshift(seen.subarray(end + 4));
        readHead(socket).then(resolve, reject);
      } else resolve({ head, rest: seen.subarray(end + 4) });
    };
    const onEnd = (): void => {
      stop();
      reject(new EngineError('unavailable', 'the engine closed the connection without a response'));
    };
    const onError = (error: Error): void => {
      stop();
      reject(new EngineError('unavailable', `error during connect: ${error.message}`, { cause: error }));
    };
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onEnd);
    socket.resume();
  });
}

export function parseHead(text: string): ResponseHead | undefined {
  const lines = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(lines[0] ?? '');
  if (match === null) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: Number(match[1]), reason: match[2] ?? '', headers };
}

function decoderFor(method: string, head: ResponseHead): BodyDecoder {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return emptyBody();
  if (/\bchunked\b/i.test(head.headers['transfer-encoding'] ?? '')) return chunked();
  const length = head.headers['content-length'];
  if (length === undefined) return untilClose();
  if (!/^\d{1,15}$/.test(length)) throw new EngineError('unavailable', 'the engine sent a malformed length');
  return fixedLength(Number(length));
}

export function isReusable(head: ResponseHead): boolean {
  return !/\bclose\b/i.test(head.headers['connection'] ?? '');
}

/**
 * Yields the body as it arrives, with back-pressure: nothing is read from the socket while the consumer works. `onDone`
 * is called once, with whether the connection can be reused. Leaving the loop early closes the connection.
 */
export async function* readBody(
  socket: Socket,
  answer: { method: string; head: ResponseHead; rest: Buffer },
  onDone: (reusable: boolean) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = decoderFor(answer.method, answer.head);
  let complete = false;
  try {
    if (answer.rest.length > 0) yield* decoder.push(answer.rest);
    if (!decoder.done) {
      for await (const chunk of chunksOf(socket)) {
        yield* decoder.push(chunk);
        if (decoder.done) break;
      }
      if (!decoder.done && !decoder.endsWithConnection) {
        throw new EngineError('unavailable', 'the connection to the engine broke: unexpected EOF');
      }
    }
    complete = decoder.done;
  } finally {
    if (!complete) socket.destroy();
    onDone(complete && isReusable(answer.head));
  }
}

/** Yields the socket's data. The socket stays open when the consumer stops early. */
async function* chunksOf(socket: Socket): AsyncGenerator<Buffer, void, undefined> {
  const queue: Buffer[] = [];
  let ended = socket.readableEnded || socket.destroyed;
  let failure: Error | undefined;
  let wake = (): void => {};
  const onData = (chunk: Buffer): void => {
    queue.push(chunk);
    socket.pause();
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const onError = (error: Error): void => {
    failure = error;
    ended = true;
    wake();
  };
  socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
  try {
    for (;;) {
      const chunk = queue.shift();
      if (chunk !== undefined) {
        yield chunk;
      } else if (ended) {
        if (failure !== undefined) throw new EngineError('unavailable', failure.message, { cause: failure });
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        socket.resume();
        await promise;
      }
    }
  } finally {
    socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
  }
}
