import type { Digest } from '../../base/ids.ts';
import type { LayerKey } from '../snapshots/index.ts';

/** Keeps content alive that no image refers to yet. Disposing it deletes the content that nothing refers to by then. */
export interface Lease extends AsyncDisposable {
  blob(digest: Digest): void;
  /** Puts a layer chain, bottom first, on the lease. */
  chain(diffIds: readonly Digest[]): void;
  /** Puts a layer on the lease, by any of its keys. */
  layer(key: LayerKey): void;
}

/** The content of a lease. */
export interface OpenLease {
  readonly blobs: Set<Digest>;
  readonly chains: (readonly Digest[])[];
  readonly layers: LayerKey[];
}

/** `collect` gets the content of the lease at its end. */
export function openLease(leases: Set<OpenLease>, collect: (candidates: OpenLease) => Promise<void>): Lease {
  const lease: OpenLease = { blobs: new Set(), chains: [], layers: [] };
  leases.add(lease);
  return {
    blob: (digest) => void lease.blobs.add(digest),
    chain: (diffIds) => void lease.chains.push(diffIds),
    layer: (key) => void lease.layers.push(key),
    async [Symbol.asyncDispose]() {
      if (leases.delete(lease)) await collect(lease);
    },
  };
}
