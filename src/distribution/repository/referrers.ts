import { parseBoundedJson } from '../../base/bounded-json.ts';
import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type Descriptor, parseIndex } from '../../spec/index.ts';
import { RegistryError } from '../errors.ts';
import type { HostClient } from '../http/host-client.ts';
import { fetchManifest } from './manifests.ts';
import { pages } from './pages.ts';

const REFERRERS_MAX = 10_000;

/**
 * Lists the manifests whose subject is this digest (distribution specification 1.1, "Listing Referrers"). A registry
 * without that list has them in the index under the fallback tag.
 */
export async function readReferrers(
  client: HostClient,
  { path, digest, scopes }: { readonly path: string; readonly digest: Digest; readonly scopes: readonly string[] },
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  try {
    for await (const page of pages(client, { path: `/v2/${path}/referrers/${digest}`, scopes }, signal)) {
      found.push(...parseIndex(page).manifests);
      if (found.length >= REFERRERS_MAX) break;
    }
    return found;
  } catch (error) {
    if (!(error instanceof RegistryError) || (error.status !== 404 && error.status !== 405)) throw error;
  }
  const [algorithm = '', hex = ''] = digest.split(':');
  const reference = `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
  try {
    const { bytes } = await fetchManifest(client, { path, reference, scopes }, signal);
    return parseIndex(parseBoundedJson(bytes)).manifests;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return [];
    throw error;
  }
}
