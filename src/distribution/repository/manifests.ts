import { createHash } from 'node:crypto';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError } from '../../base/errors.ts';
import { type Digest, isDigest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import { type Descriptor, MEDIA_TYPE } from '../../spec/index.ts';
import { discard } from '../http/body-text.ts';
import type { HostClient } from '../http/host-client.ts';
import { isPassing } from '../http/retry.ts';
import type { FetchedManifest } from './repository.ts';

/** The same limit as in containerd and in registries. */
const MANIFEST_BYTES_MAX = 4 << 20;
const ACCEPT = [
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.dockerList,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifest,
  '*/*',
].join(', ');

export interface ManifestTarget {
  readonly path: string;
  readonly reference: string;
  readonly scopes: readonly string[];
}

/** @throws EngineError invalid when the bytes do not match the requested or announced digest */
export async function fetchManifest(
  client: HostClient,
  target: ManifestTarget,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const { response, bytes } = await client.read(request('GET', target), MANIFEST_BYTES_MAX, signal);
  const announced = response.headers['docker-content-digest'];
  const wanted = isDigest(target.reference) ? target.reference : announced;
  const digest = digestOf(bytes, wanted);
  if (wanted !== undefined && digest !== wanted) {
    throw new EngineError('invalid', `manifest verification failed for digest ${wanted}: the registry sent ${digest}`);
  }
  return {
    descriptor: { mediaType: mediaTypeOf(response.headers['content-type'], bytes), digest, size: bytes.length },
    bytes,
  };
}

/** Returns undefined when the registry's HEAD response is incomplete. */
export async function headManifest(
  client: HostClient,
  target: ManifestTarget,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  // A refused HEAD has no body with a reason. The GET that follows has one, and is retried where that helps.
  const response = await client.send({ ...request('HEAD', target), once: true }, signal).catch((error: unknown) => {
    if (isPassing(error)) return undefined;
    throw error;
  });
  if (response !== undefined) await discard(response.body);
  if (response?.status !== 200) return undefined;
  const { 'docker-content-digest': digest, 'content-type': type, 'content-length': length } = response.headers;
  if (digest === undefined || !isDigest(digest) || type === undefined || !/^\d{1,12}$/.test(length ?? ''))
    return undefined;
  return { mediaType: type.split(';', 1)[0]?.trim() ?? '', digest, size: Number(length) };
}

function request(method: 'GET' | 'HEAD', { path, reference, scopes }: ManifestTarget) {
  return { method, path: `/v2/${path}/manifests/${reference}`, headers: { accept: ACCEPT }, scopes } as const;
}

/** Computes the digest with the algorithm of the expected one. */
function digestOf(bytes: Uint8Array, like: string | undefined): Digest {
  const algorithm = like?.startsWith('sha512:') === true ? 'sha512' : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** The body's own `mediaType` takes precedence: proxies drop headers. */
function mediaTypeOf(header: string | undefined, bytes: Buffer): string {
  try {
    const parsed: unknown = parseBoundedJson(bytes);
    if (isObject(parsed) && typeof parsed['mediaType'] === 'string') return parsed['mediaType'];
  } catch (error) {
    const why = error instanceof EngineError ? error.message : 'not JSON';
    throw new EngineError('invalid', `the registry sent a manifest that is ${why}`, { cause: error });
  }
  return header?.split(';', 1)[0]?.trim() ?? MEDIA_TYPE.ociManifest;
}
