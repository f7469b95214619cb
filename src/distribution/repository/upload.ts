import type { Readable } from 'node:stream';
import { EngineError } from '../../base/errors.ts';
import { RegistryError } from '../errors.ts';
import { discard } from '../http/body-text.ts';
import type { HostClient } from '../http/host-client.ts';
import { isPassing, pause } from '../http/retry.ts';
import type { HttpResponse } from '../http/transport.ts';
import type { UploadBlob, UploadOutcome } from './repository.ts';

export interface UploadTarget {
  /** `library/busybox`. */
  readonly path: string;
  readonly scopes: readonly string[];
}

/** An upload session. */
interface Session {
  readonly location: URL;
  /**
   * Shortest chunk, other than the last, that the registry accepts (`OCI-Chunk-Min-Length`). 0 when it does not say.
   */
  readonly minBytes: number;
}

/**
 * Uploads a blob with one streamed `PATCH` and a closing `PUT`. A blob shorter than the registry's shortest chunk is
 * sent with the `PUT`, since a registry cannot know that a `PATCH` is the last. When the connection breaks, the
 * registry is asked how much it has, and the rest is sent. A registry that has lost the upload gets all of it again.
 * Source: distribution specification 1.1, "Pushing a blob in chunks".
 */
export async function uploadBlob(
  client: HostClient,
  target: UploadTarget,
  blob: UploadBlob,
  signal: AbortSignal,
): Promise<UploadOutcome> {
  const { size } = blob.descriptor;
  const { attempts, firstDelayMs, maxDelayMs } = client.retry;
  const begun = await begin(client, target, blob, signal);
  if ('from' in begun) return { how: 'mounted', from: begun.from };
  let { location, minBytes } = begun;
  let offset = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      if (offset < size && size - offset >= minBytes) {
        const answer = await sendRest(client, target, { location, offset, blob }, signal);
        location = locationOf(client, answer) ?? location;
        offset = size;
      }
      await finish(client, target, { location, offset, blob }, signal);
      return { how: 'uploaded' };
    } catch (error) {
      if (signal.aborted || !mayGoOn(error) || attempt >= attempts) throw error;
      await pause(Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs), signal);
      const status = await askOrRestart(client, target, location, signal);
      if (status.offset > offset) attempt = 1;
      ({ location, offset, minBytes = minBytes } = status);
    }
  }
}

/** A token may expire while a large blob is sent. The next request gets another. */
function mayGoOn(error: unknown): boolean {
  return isPassing(error) || (error instanceof RegistryError && [401, 404, 416].includes(error.status));
}

/** Sends the closing request, with the bytes that were not sent before. */
async function finish(
  client: HostClient,
  target: UploadTarget,
  { location, offset, blob }: { readonly location: URL; readonly offset: number; readonly blob: UploadBlob },
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = blob.descriptor;
  const closing = new URL(location);
  closing.searchParams.set('digest', digest);
  const rest: { readonly headers: Record<string, string>; readonly body?: Readable } =
    offset < size ? restOf(blob, offset) : { headers: { 'content-length': '0' } };
  try {
    const request = { method: 'PUT', path: closing, scopes: target.scopes, ...rest } as const;
    await discard((await client.expect([201, 204], request, signal)).body);
  } finally {
    rest.body?.destroy();
  }
  blob.progress(size);
}

/** Mounts from the first repository that the registry accepts, else opens an upload session. */
async function begin(
  client: HostClient,
  target: UploadTarget,
  blob: UploadBlob,
  signal: AbortSignal,
): Promise<{ readonly from: string } | Session> {
  const { digest } = blob.descriptor;
  for (const from of blob.mountFrom.filter((source) => source !== target.path)) {
    const response = await post(client, target, `?mount=${digest}&from=${encodeURIComponent(from)}`, signal).catch(
      (error: unknown) => {
        // A source that may not be read, or no longer exists, is not an error.
        if (error instanceof RegistryError && error.status < 500) return undefined;
        throw error;
      },
    );
    if (response?.status === 201) return { from };
    const session = response === undefined ? undefined : sessionOf(client, response);
    // The mount was refused, and the registry has opened an upload instead.
    if (session !== undefined) return session;
  }
  return openUpload(client, target, signal);
}

async function openUpload(client: HostClient, target: UploadTarget, signal: AbortSignal): Promise<Session> {
  const session = sessionOf(client, await post(client, target, '', signal));
  if (session === undefined) throw new EngineError('unavailable', `${client.host} opened no upload`);
  return session;
}

function sessionOf(client: HostClient, response: HttpResponse): Session | undefined {
  const location = locationOf(client, response);
  const shortest = response.headers['oci-chunk-min-length'] ?? '';
  return location && { location, minBytes: /^\d{1,15}$/.test(shortest) ? Number(shortest) : 0 };
}

async function post(
  client: HostClient,
  target: UploadTarget,
  query: string,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const path = `/v2/${target.path}/blobs/uploads/${query}`;
  const headers = { 'content-length': '0' };
  const response = await client.expect([201, 202], { method: 'POST', path, headers, scopes: target.scopes }, signal);
  await discard(response.body);
  return response;
}

async function sendRest(
  client: HostClient,
  target: UploadTarget,
  upload: { readonly location: URL; readonly offset: number; readonly blob: UploadBlob },
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { location, offset, blob } = upload;
  const { headers, body } = restOf(blob, offset);
  try {
    const response = await client.expect(
      [202, 201, 204],
      { method: 'PATCH', path: location, headers, body, scopes: target.scopes },
      signal,
    );
    await discard(response.body);
    return response;
  } finally {
    body.destroy();
  }
}

/** The bytes from `offset` on, with their headers. */
function restOf(
  blob: UploadBlob,
  offset: number,
): { readonly headers: Record<string, string>; readonly body: Readable } {
  const { size } = blob.descriptor;
  const body = blob.open(offset);
  let sent = offset;
  body.on('data', (chunk: Uint8Array) => {
    sent += chunk.length;
    blob.progress(sent);
  });
  body.pause();
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(size - offset),
      ...(offset === 0 ? {} : { 'content-range': `${offset}-${size - 1}` }),
    },
    body,
  };
}

async function askOrRestart(
  client: HostClient,
  target: UploadTarget,
  location: URL,
  signal: AbortSignal,
): Promise<{ location: URL; offset: number; minBytes?: number }> {
  const response = await client.send({ method: 'GET', path: location, scopes: target.scopes }, signal);
  await discard(response.body);
  if (response.status !== 204 && response.status !== 202) {
    return { ...(await openUpload(client, target, signal)), offset: 0 };
  }
  const end = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1];
  // An empty upload is reported as 0-0, which could also mean one byte. Such a byte is sent again, in a new upload.
  if (end === undefined || end === '0') return { ...(await openUpload(client, target, signal)), offset: 0 };
  return { location: locationOf(client, response) ?? location, offset: Number(end) + 1 };
}

/** @throws EngineError unavailable when a registry sends the upload to another host, which would get our token */
function locationOf(client: HostClient, response: HttpResponse): URL | undefined {
  const text = response.headers['location'];
  const base = client.url('/');
  if (text === undefined || !URL.canParse(text, base.href)) return undefined;
  const location = new URL(text, base);
  if (location.host !== base.host)
    throw new EngineError('unavailable', `${client.host} sends uploads to another host: refused`);
  location.protocol = base.protocol;
  return location;
}
