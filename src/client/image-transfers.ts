/** Transfers of whole images: from and to registries, archives and root file systems. */
import type { Platform } from '../spec/index.ts';
import type { Engine } from './engine-client.ts';
import { imagePath, platformQuery } from './images.ts';
import { jsonLines } from './json.ts';

/** A line of a progress stream. A failure is the last line of a response with a success status. */
export interface ProgressMessage {
  readonly status?: string;
  /** The layer of the line. */
  readonly id?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string; readonly code?: number };
  /** Data for programs. */
  readonly aux?: unknown;
}

export interface PullOptions {
  readonly repository: string;
  /** A tag or digest. Without one all tags are pulled. */
  readonly tag?: string | undefined;
  /** In users' form: `linux/arm64`. */
  readonly platform?: string;
  /** Value of `X-Registry-Auth`. */
  readonly registryAuth: string;
}

export async function pullImage(
  engine: Engine,
  { repository, tag, platform, registryAuth }: PullOptions,
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const response = await engine.request({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: repository, tag, platform: platform || undefined },
    headers: { 'X-Registry-Auth': registryAuth },
    signal,
  });
  return jsonLines<ProgressMessage>(response.body);
}

export interface PushOptions {
  readonly repository: string;
  /** Without one all tags are pushed. */
  readonly tag?: string | undefined;
  readonly platform?: Platform | undefined;
  /** Value of `X-Registry-Auth`. */
  readonly registryAuth: string;
}

export async function pushImage(
  engine: Engine,
  { repository, tag, platform, registryAuth }: PushOptions,
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const response = await engine.request({
    method: 'POST',
    path: imagePath(repository, 'push'),
    query: { tag, platform: platformQuery(platform) },
    headers: { 'X-Registry-Auth': registryAuth },
    signal,
  });
  return jsonLines<ProgressMessage>(response.body);
}

export interface ImportOptions {
  /** An `http(s)` address, or the tar of a root file system. */
  readonly source: string | AsyncIterable<Uint8Array>;
  readonly repository?: string | undefined;
  readonly message?: string;
  /** Instructions of a Dockerfile. */
  readonly changes?: readonly string[];
  readonly platform?: string;
}

export async function importImage(
  engine: Engine,
  { source, repository, message, changes = [], platform }: ImportOptions,
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const query = {
    fromSrc: typeof source === 'string' ? source : '-',
    repo: repository,
    message: message || undefined,
    changes,
    platform: platform || undefined,
  };
  const body = typeof source === 'string' ? {} : { stream: source, headers: { 'Content-Type': 'application/x-tar' } };
  const response = await engine.request({ method: 'POST', path: '/images/create', query, ...body, signal });
  return jsonLines<ProgressMessage>(response.body);
}

export interface LoadOptions {
  readonly quiet?: boolean;
  readonly platforms?: readonly Platform[];
}

/**
 * Loads an archive of `save`. For an engine that responds with plain text, each chunk becomes the `stream` of a
 * message.
 */
export async function loadImages(
  engine: Engine,
  archive: AsyncIterable<Uint8Array>,
  { quiet = false, platforms = [] }: LoadOptions = {},
  signal?: AbortSignal,
): Promise<AsyncIterable<ProgressMessage>> {
  const response = await engine.request({
    method: 'POST',
    path: '/images/load',
    query: { quiet, platform: platforms.map((platform) => JSON.stringify(platform)) },
    stream: archive,
    headers: { 'Content-Type': 'application/x-tar' },
    signal,
  });
  const isJson = (response.headers['content-type'] ?? '').includes('json');
  return isJson ? jsonLines<ProgressMessage>(response.body) : textMessages(response.body);
}

/** Returns one archive of all these images. */
export async function saveImages(
  engine: Engine,
  names: readonly string[],
  { platforms = [] }: { readonly platforms?: readonly Platform[] } = {},
  signal?: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const query = { names, platform: platforms.map((platform) => JSON.stringify(platform)) };
  return (await engine.request({ method: 'GET', path: '/images/get', query, signal })).body;
}

async function* textMessages(body: AsyncIterable<Buffer>): AsyncGenerator<ProgressMessage, void, undefined> {
  const decoder = new TextDecoder();
  for await (const chunk of body) yield { stream: decoder.decode(chunk, { stream: true }) };
}
