import { EngineError } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import type { LayerKey, Lease } from '../../../store/index.ts';
import type { ImportedResults, RecordKey, StepContext } from '../../solver/index.ts';
import type { LayeredTree, Tree, TreeLayer } from '../../tree.ts';
import type { GraphResult, RemoteLayer } from '../format/cache-graph.ts';
import type { RecordIndex } from '../format/record-index.ts';
import type { CacheSource } from './cache-source.ts';
import { type FetchBlob, fetchBlob, type ImportedCacheDeps } from './fetch-blob.ts';

/** A cache that a build imports. Layers come when a result is needed. */
export interface ImportedCache extends ImportedResults<Tree> {
  keysOf(id: Digest): readonly RecordKey[];
  resultOf(id: Digest): GraphResult | undefined;
  /** Fetches the archive of a layer, unless it is here. The lease holds it. @throws EngineError */
  fetch(layer: RemoteLayer, lease: Lease, signal: AbortSignal): Promise<void>;
}

export function openImportedCache(deps: ImportedCacheDeps, source: CacheSource, index: RecordIndex): ImportedCache {
  const fetch = (layer: RemoteLayer, call: FetchCall) => fetchBlob(deps, { source, blob: layer.descriptor, ...call });
  return {
    find: (key) => index.ids.get(key),
    keysOf: (id) => index.keys.get(id) ?? [],
    resultOf: (id) => index.results.get(id),
    fetch: (layer, lease, signal) => fetch(layer, { lease, signal, report: () => {} }),
    async load(id, context) {
      const result = index.results.get(id);
      if (result === undefined) return undefined;
      const lease = deps.collector.lease();
      context.keep(lease);
      return await unpacked(deps, result, { lease, context, fetch });
    },
  };
}

type FetchCall = Pick<FetchBlob, 'lease' | 'signal' | 'report'>;

/** Fetches what is not here, layer by layer: a layer that another image has needs no archive. */
async function unpacked(
  { content, snapshots }: ImportedCacheDeps,
  { layers }: GraphResult,
  call: {
    readonly lease: Lease;
    readonly context: StepContext;
    readonly fetch: (layer: RemoteLayer, call: FetchCall) => Promise<void>;
  },
): Promise<LayeredTree> {
  const { lease, context, fetch } = call;
  const diffIds = layers.map(({ diffId }) => diffId);
  lease.chain(diffIds);
  const fetched = async (layer: RemoteLayer, parents: readonly Digest[]): Promise<LayerKey> => {
    const { diffId, descriptor } = layer;
    await fetch(layer, { lease, signal: context.signal, report: context.report });
    const source = { path: content.path(descriptor.digest), digest: descriptor.digest };
    return await snapshots.unpack({ diffId, parents }, source, context.signal);
  };
  const made: TreeLayer[] = [];
  for (const [at, layer] of layers.entries()) {
    const { diffId, descriptor, createdAt, description } = layer;
    const key = keyOfChain(snapshots, diffIds.slice(0, at + 1)) ?? (await fetched(layer, diffIds.slice(0, at)));
    made.push({ key, description, createdAt, blob: descriptor, diffId });
  }
  return { kind: 'layers', layers: made };
}

/** The key of a chain's top layer, if the chain is here. */
function keyOfChain(snapshots: ImportedCacheDeps['snapshots'], diffIds: readonly Digest[]): LayerKey | undefined {
  try {
    return snapshots.chain(diffIds).at(-1);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return undefined;
    throw error;
  }
}
