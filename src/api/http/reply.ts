import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { EngineError, errnoOf } from '../../base/errors.ts';
import { int64Replacer } from '../../base/number.ts';
import type { Reply } from '../route.ts';
import { outputContentType } from '../versions/output-content-type.ts';
import { isFault, toHttp } from './http-errors.ts';

export interface ReplyContext {
  readonly version: string;
  readonly signal: AbortSignal;
  readonly onFault: (error: unknown) => void;
}

type PlainReply = Exclude<Reply, { readonly hijack: unknown }>;

/** Sends any reply but a hijack. Resolves when the kernel has it, or the client has closed the connection. */
export async function sendReply(response: ServerResponse, reply: PlainReply, context: ReplyContext): Promise<void> {
  if ('later' in reply) return sendLater(response, reply.status, reply.later, context);
  if ('output' in reply) {
    const type = outputContentType(reply.tty, context.version);
    return sendBytes(response, reply.status, reply.output, { 'Content-Type': type }, context);
  }
  if ('write' in reply) return sendWritten(response, reply, context);
  if ('lines' in reply) return sendLines(response, reply, context);
  if ('progress' in reply) return sendProgress(response, reply, context);
  if ('text' in reply) return sendWhole(response, { ...reply, contentType: 'text/plain; charset=utf-8' });
  const body = reply.bodyFor === undefined ? reply.body : reply.bodyFor(context.version);
  if (body === undefined) {
    const empty = reply.status === 204 || reply.status === 304 ? undefined : { 'Content-Length': '0' };
    response.writeHead(reply.status, { ...empty, ...reply.headers });
    response.end();
    return;
  }
  const { status, int64, headers } = reply;
  sendWhole(response, { status, text: toJson(body, int64), contentType: 'application/json', headers });
}

/** Sends an error. With `endAfter` the response ends only after that promise; the client gets all of it before. */
export function sendError(response: ServerResponse, error: unknown, endAfter?: Promise<void>): void {
  const { status, message } = toHttp(error);
  if (status === 304) {
    response.writeHead(304);
    response.end();
  } else sendWhole(response, { status, text: toJson({ message }), contentType: 'application/json' }, endAfter);
}

/** dockerd's responses end with a newline too. */
function toJson(body: unknown, int64?: boolean): string {
  return `${int64 === true ? JSON.stringify(body, int64Replacer) : JSON.stringify(body)}\n`;
}

interface Whole {
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

function sendWhole(
  response: ServerResponse,
  { status, text, contentType, headers }: Whole,
  endAfter?: Promise<void>,
): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  if (endAfter === undefined) {
    response.end(text);
    return;
  }
  response.write(text);
  void endAfter.then(() => response.end());
}

async function sendLater(
  response: ServerResponse,
  status: number,
  later: Promise<unknown>,
  context: ReplyContext,
): Promise<void> {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  // The awaited result may never come when the client leaves or the engine stops.
  const { promise: given, reject: giveUp } = Promise.withResolvers<never>();
  const onAbort = (): void => giveUp(context.signal.reason);
  context.signal.addEventListener('abort', onAbort, { once: true });
  if (context.signal.aborted) onAbort();
  try {
    response.end(toJson(await Promise.race([later, given]), true));
  } catch (error) {
    cut(response, error, context);
  } finally {
    context.signal.removeEventListener('abort', onAbort);
  }
}

async function sendBytes(
  response: ServerResponse,
  status: number,
  bytes: NodeJS.ReadableStream,
  headers: Readonly<Record<string, string>>,
  context: ReplyContext,
): Promise<void> {
  response.writeHead(status, headers);
  response.flushHeaders();
  try {
    await pipeline(bytes, response, { signal: context.signal });
  } catch (error) {
    cut(response, error, context);
  }
}

async function sendWritten(
  response: ServerResponse,
  reply: Extract<PlainReply, { readonly write: unknown }>,
  context: ReplyContext,
): Promise<void> {
  response.writeHead(reply.status, { 'Content-Type': reply.contentType, ...reply.headers });
  response.flushHeaders();
  const send = (chunk: Uint8Array): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const gone = (): void => reject(new EngineError('cancelled', 'the client has gone'));
    if (response.destroyed) gone();
    response.once('close', gone);
    response.write(chunk, (error) => {
      response.removeListener('close', gone);
      if (error == null) resolve();
      else reject(new EngineError('cancelled', 'the client has gone', { cause: error }));
    });
    return promise;
  };
  try {
    await reply.write(send, context.signal);
    response.end();
  } catch (error) {
    cut(response, error, context);
  }
}

/** The record separator of RFC 7464. */
const RECORD_SEPARATOR = '\x1e';

async function sendLines(
  response: ServerResponse,
  { status, lines, contentType = 'application/json' }: Extract<Reply, { readonly lines: unknown }>,
  context: ReplyContext,
): Promise<void> {
  response.writeHead(status, { 'Content-Type': contentType });
  response.flushHeaders();
  const before = contentType === 'application/json-seq' ? RECORD_SEPARATOR : '';
  try {
    for await (const line of lines) {
      if (context.signal.aborted) break;
      if (!response.write(`${before}${toJson(line, true)}`)) await once(response, 'drain', { signal: context.signal });
    }
    response.end();
  } catch (error) {
    cut(response, error, context);
  }
}

async function sendProgress(
  response: ServerResponse,
  { status, progress, errorsInStream = false }: Extract<PlainReply, { readonly progress: unknown }>,
  context: ReplyContext,
): Promise<void> {
  const send = (message: Readonly<Record<string, unknown>>): void => {
    if (response.destroyed) return;
    if (!response.headersSent) response.writeHead(status, { 'Content-Type': 'application/json' });
    // dockerd ends lines of progress with a carriage return and a newline.
    response.write(`${JSON.stringify(message)}\r\n`);
  };
  try {
    await progress(send, context.signal);
    if (!response.headersSent) response.writeHead(status, { 'Content-Type': 'application/json' });
  } catch (error) {
    if (!response.headersSent && !errorsInStream) throw error;
    if (isFault(error)) context.onFault(error);
    const { message } = toHttp(error);
    send({ errorDetail: { message }, error: message });
  }
  response.end();
}

/** After the head an error can only be shown by ending the response early. */
function cut(response: ServerResponse, error: unknown, context: ReplyContext): void {
  if (!context.signal.aborted && isFault(error) && !isGone(error)) context.onFault(error);
  response.destroy();
}

/**
 * Errors of a write to a connection that the client has closed. They may come before the connection's end is noticed.
 */
const GONE: ReadonlySet<string | undefined> = new Set([
  'ECANCELED',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function isGone(error: unknown): boolean {
  return GONE.has(errnoOf(error));
}
