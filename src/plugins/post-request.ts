import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { getSystemErrorMessage } from 'node:util';
import { EngineError, errnoOf, failed, messageOf } from '../base/errors.ts';
import type { PluginAddress, PluginTls } from './plugin-address.ts';

export interface PostRequest {
  readonly address: PluginAddress;
  /** A path without its slash, such as `VolumeDriver.Create`. */
  readonly method: string;
  /** Undefined sends no body. */
  readonly body: unknown;
  /** Time for the connection and the whole answer. */
  readonly timeoutMs: number;
}

export type PostOutcome =
  | { readonly kind: 'answer'; readonly status: number; readonly bytes: Buffer }
  /** There is no connection, or it ended before any answer. */
  | { readonly kind: 'unreachable'; readonly reason: string };

const MEDIA_TYPE = 'application/vnd.docker.plugins.v1.2+json';
/** The host of requests over a unix socket, as dockerd has it. */
const UNIX_HOST = 'plugin.moby.localhost';
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** What happens while a program is not there (yet). Node reports a connection that ends early as ECONNRESET. */
const ABSENT: ReadonlySet<string> = new Set([
  ...['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENETDOWN', 'EHOSTDOWN', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/**
 * Posts JSON to a plugin, on a connection of its own. @throws EngineError
 * unavailable for a late or incomplete answer, after which nobody knows what the plugin did; failed; cancelled
 */
export async function postRequest(post: PostRequest, signal?: AbortSignal): Promise<PostOutcome> {
  const deadline = AbortSignal.timeout(post.timeoutMs);
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  try {
    return await exchange(post, either);
  } catch (error) {
    if (signal?.aborted === true) throw new EngineError('cancelled', `${post.method} was cancelled`, { cause: error });
    if (deadline.aborted) throw unavailable(`${post.method}: no answer within ${post.timeoutMs / 1000} seconds`, error);
    throw error;
  }
}

function unavailable(message: string, cause: unknown): EngineError {
  return new EngineError('unavailable', message, { cause });
}

async function exchange(post: PostRequest, signal: AbortSignal): Promise<PostOutcome> {
  const request = await openRequest(post.address, `/${post.method}`, signal);
  const head = Promise.withResolvers<IncomingMessage>();
  request.on('response', head.resolve).on('error', head.reject);
  if (post.body === undefined) request.setHeader('Content-Length', 0).end();
  else request.end(`${JSON.stringify(post.body)}\n`);
  let response: IncomingMessage;
  try {
    response = await head.promise;
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = reasonOf(post, error);
    if (!ABSENT.has(errnoOf(firstOf(error)) ?? '')) throw failed(reason, error);
    return { kind: 'unreachable', reason };
  }
  try {
    return { kind: 'answer', status: response.statusCode ?? 0, bytes: await readAnswer(response, post.method) };
  } catch (error) {
    if (error instanceof EngineError || signal.aborted) throw error;
    throw unavailable(`${post.method}: the connection broke within the answer: ${messageOf(error)}`, error);
  } finally {
    request.destroy();
  }
}

/** Words the error as Go's HTTP client does, since clients and tutorials show these texts. */
function reasonOf({ address, method }: PostRequest, failure: unknown): string {
  const error = firstOf(failure);
  const [network, where] = address.kind === 'unix' ? ['unix', address.path] : ['tcp', hostAndPort(address)];
  const host = address.kind === 'unix' ? UNIX_HOST : where;
  const scheme = address.kind === 'tcp' && address.tls !== undefined ? 'https' : 'http';
  const isConnect = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
  const isCut = ['ECONNRESET', 'EPIPE'].includes(errnoOf(error) ?? '');
  const reason =
    isConnect && errno !== undefined
      ? `dial ${network} ${where}: connect: ${getSystemErrorMessage(errno)}`
      : isCut
        ? 'EOF'
        : withoutAdvice(messageOf(error));
  return `Post "${scheme}://${host}/${method}": ${reason}`;
}

/** Node adds advice about its own flags to errors of certificates. */
function withoutAdvice(text: string): string {
  return text.replace(/; if the root CA is installed locally.*$/s, '');
}

/** A host with several addresses fails with one error for each. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function openRequest(address: PluginAddress, path: string, signal: AbortSignal): Promise<ClientRequest> {
  const shared = { method: 'POST', path, headers: { Accept: MEDIA_TYPE }, agent: false, signal } as const;
  if (address.kind === 'unix') {
    const headers = { ...shared.headers, Host: UNIX_HOST };
    return requestHttp({ ...shared, headers, socketPath: address.path });
  }
  const { host, port, tls } = address;
  if (tls === undefined) return requestHttp({ ...shared, host, port });
  // Loaded only where a plugin uses TLS.
  const { request: requestHttps } = await import('node:https');
  return requestHttps({ ...shared, host, port, ...tlsOptions(tls) });
}

/** @throws EngineError failed for a file that cannot be read */
function tlsOptions({ isVerified, caFile, certFile, keyFile }: PluginTls) {
  try {
    return {
      rejectUnauthorized: isVerified,
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
      ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
      ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
    };
  } catch (error) {
    throw failed(`cannot read a file for TLS: ${messageOf(error)}`, error);
  }
}

async function readAnswer(response: IncomingMessage, method: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > ANSWER_BYTES_MAX) throw failed(`${method}: the answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
