import type { Reference } from '../../spec/index.ts';
import type { FetchedRemote } from '../load/world.ts';
import { cacheFolder, checkEnabled, type Variables } from './cache-folder.ts';
import type { Cache } from './cached.ts';
import type { ArtifactSource } from './oci/fetch-artifact.ts';
import { OCI_PREFIX } from './remote-address.ts';

export interface RemoteDeps {
  readonly env: Variables;
  readonly removeTree: Cache['removeTree'];
  readonly open: (reference: Reference) => Promise<ArtifactSource>;
}

/** Returns what fetches remote addresses for one run of the loader: each once. */
export function remoteFetcher(deps: RemoteDeps, signal: AbortSignal): (address: string) => Promise<FetchedRemote> {
  const known = new Map<string, Promise<FetchedRemote>>();
  return (address) => {
    const found = known.get(address) ?? fetchRemote(deps, address, signal);
    known.set(address, found);
    return found;
  };
}

async function fetchRemote(deps: RemoteDeps, address: string, signal: AbortSignal): Promise<FetchedRemote> {
  const { env, open, removeTree } = deps;
  const isArtifact = address.startsWith(OCI_PREFIX);
  checkEnabled(isArtifact ? 'OCI' : 'git', env);
  const cache = { folder: cacheFolder(env), removeTree };
  if (isArtifact) {
    const { fetchArtifact } = await import('./oci/fetch-artifact.ts');
    return fetchArtifact({ cache, open }, address, signal);
  }
  const { fetchRepository } = await import('./git/fetch-repository.ts');
  return fetchRepository({ cache, env }, address, signal);
}
