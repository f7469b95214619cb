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

/**
 * Uploads a blob by one streamed `PATCH` and a closing `PUT`. When the connection breaks, the registry is asked how far
 * it got and the rest is sent; a registry that forgot the upload gets it from the start. Source: distribution
 * specification 1.1, "Pushing a blob in chunks".
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
  let { location } = begun;
  let offset = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      if (offset < size) {
        const answer = await sendRest(client, target, { location, offset, blob }, signal);
        location = locationOf(client, answer) ?? location;
        offset = size;
      }
      await finish(client, target, { location, blob }, signal);
      return { how: 'uploaded' };
    } catch (error) {
      if (signal.aborted || !mayGoOn(error) || attempt >= attempts) throw error;
      await pause(Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs), signal);
      const status = await askOrRestart(client, target, location, signal);
      if (status.offset > offset) attempt = 1;
      ({ location, offset } = status);
    }
  }
}

/** A token may end while a large blob is sent: the next request gets another. */
function mayGoOn(error: unknown): boolean {
  return isPassing(error) || (error instanceof RegistryError && [401, 404, 416].includes(error.status));
}

async function finish(
  client: HostClient,
  target: UploadTarget,
  { location, blob }: { readonly location: URL; readonly blob: UploadBlob },
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = blob.descriptor;
  const closing = new URL(location);
  closing.searchParams.set('digest', digest);
  const done = await client.expect(
    [201, 204],
    { method: 'PUT', path: closing, headers: { 'content-length': '0' }, scopes: target.scopes },
    signal,
  );
  await discard(done.body);
  blob.progress(size);
}

/** Mounts from the first repository that the registry accepts, else opens an upload session. */
async function begin(
  client: HostClient,
  target: UploadTarget,
  blob: UploadBlob,
  signal: AbortSignal,
): Promise<{ readonly from: string } | { readonly location: URL }> {
  const { digest } = blob.descriptor;
  for (const from of blob.mountFrom.filter((source) => source !== target.path)) {
    const response = await post(client, target, `?mount=${digest}&from=${encodeURIComponent(from)}`, signal).catch(
      (error: unknown) => {
        // A source that may not be read, or is gone, is no reason to fail.
        if (error instanceof RegistryError && error.status < 500) return undefined;
        throw error;
      },
    );
    if (response?.status === 201) return { from };
    const location = response === undefined ? undefined : locationOf(client, response);
    // Refused, with an upload opened instead.
    if (location !== undefined) return { location };
  }
  return { location: await openUpload(client, target, signal) };
}

async function openUpload(client: HostClient, target: UploadTarget, signal: AbortSignal): Promise<URL> {
  const location = locationOf(client, await post(client, target, '', signal));
  if (location === undefined) throw new EngineError('unavailable', `${client.host} opened no upload`);
  return location;
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
  const { size } = blob.descriptor;
  const body = blob.open(offset);
  let sent = offset;
  body.on('data', (chunk: Uint8Array) => {
    sent += chunk.length;
    blob.progress(sent);
  });
  body.pause();
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(size - offset),
    ...(offset === 0 ? {} : { 'content-range': `${offset}-${size - 1}` }),
  };
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

async function askOrRestart(
  client: HostClient,
  target: UploadTarget,
  location: URL,
  signal: AbortSignal,
): Promise<{ location: URL; offset: number }> {
  const response = await client.send({ method: 'GET', path: location, scopes: target.scopes }, signal);
  await discard(response.body);
  if (response.status !== 204 && response.status !== 202) {
    return { location: await openUpload(client, target, signal), offset: 0 };
  }
  const end = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1];
  // Nothing yet is told as 0-0, which also is one byte: sent again, then, by a new upload.
  if (end === undefined || end === '0') return { location: await openUpload(client, target, signal), offset: 0 };
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
