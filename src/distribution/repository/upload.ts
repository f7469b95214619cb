import { EngineError } from '../../base/errors.ts';
import { discard } from '../http/body-text.ts';
import type { HostClient } from '../http/host-client.ts';
import { isPassing, pause } from '../http/retry.ts';
import type { HttpResponse } from '../http/transport.ts';
import type { UploadBlob } from './repository.ts';

export interface UploadTarget {
  /** `library/busybox`. */
  readonly path: string;
  readonly scopes: readonly string[];
}

/**
 * Uploads a blob by one streamed `PATCH` and a closing `PUT`. When the connection breaks, the registry is asked how far
 * it got and the rest is sent. Source: distribution specification 1.1, "Pushing a blob in chunks".
 */
export async function uploadBlob(
  client: HostClient,
  target: UploadTarget,
  blob: UploadBlob,
  signal: AbortSignal,
): Promise<'mounted' | 'uploaded'> {
  const { digest, size } = blob.descriptor;
  const begun = await begin(client, target, blob, signal);
  if (begun === 'mounted') return 'mounted';
  let location = begun;
  let offset = 0;
  for (let attempt = 1; offset < size; ) {
    try {
      const answer = await sendRest(client, target, { location, offset, blob }, signal);
      location = locationOf(client, answer) ?? location;
      offset = size;
    } catch (error) {
      if (!isPassing(error) || attempt >= client.retry.attempts) throw error;
      await pause(Math.min(client.retry.firstDelayMs * 2 ** (attempt - 1), client.retry.maxDelayMs), signal);
      const status = await ask(client, target, location, signal);
      attempt = status.offset > offset ? 1 : attempt + 1;
      ({ location, offset } = status);
    }
  }
  const closing = new URL(location);
  closing.searchParams.set('digest', digest);
  const done = await client.expect(
    [201, 204],
    { method: 'PUT', path: closing, headers: { 'content-length': '0' }, scopes: target.scopes },
    signal,
  );
  await discard(done.body);
  blob.progress(size);
  return 'uploaded';
}

/** Mounts from the first repository that the registry accepts, else opens an upload session. */
async function begin(
  client: HostClient,
  target: UploadTarget,
  blob: UploadBlob,
  signal: AbortSignal,
): Promise<URL | 'mounted'> {
  const post = (query: string): Promise<HttpResponse> =>
    client.expect(
      [201, 202],
      {
        method: 'POST',
        path: `/v2/${target.path}/blobs/uploads/${query}`,
        headers: { 'content-length': '0' },
        scopes: target.scopes,
      },
      signal,
    );
  const sources = blob.mountFrom.filter((source) => source !== target.path);
  for (const source of sources.length === 0 ? [undefined] : sources) {
    const query = source === undefined ? '' : `?mount=${blob.descriptor.digest}&from=${encodeURIComponent(source)}`;
    const response = await post(query);
    await discard(response.body);
    if (response.status === 201) return 'mounted';
    const location = locationOf(client, response);
    if (location !== undefined && source === sources.at(-1)) return location;
    if (location !== undefined) await cancel(client, target, location, signal);
  }
  throw new EngineError('unavailable', `${client.host} opened no upload`);
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

async function ask(
  client: HostClient,
  target: UploadTarget,
  location: URL,
  signal: AbortSignal,
): Promise<{ location: URL; offset: number }> {
  const response = await client.expect([204, 202], { method: 'GET', path: location, scopes: target.scopes }, signal);
  await discard(response.body);
  const end = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1];
  return { location: locationOf(client, response) ?? location, offset: end === undefined ? 0 : Number(end) + 1 };
}

async function cancel(client: HostClient, target: UploadTarget, location: URL, signal: AbortSignal): Promise<void> {
  const response = await client.send({ method: 'DELETE', path: location, scopes: target.scopes }, signal);
  await discard(response.body);
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
