import type { Digest } from '../../../base/ids.ts';
import type { BuildCache } from '../../cache/index.ts';
import type { LayeredTree, TreeLayer } from '../../tree.ts';
import type { CacheGraph, GraphRecord, GraphResult, RemoteLayer } from '../format/cache-graph.ts';
import type { ImportedCache } from '../import/imported-cache.ts';
import { collectRecords } from './collect-records.ts';

/** What a build has made. */
export interface MadeResults {
  /** Ids of the results' records. */
  readonly records: readonly Digest[];
  /** The results, with the archives of their layers. */
  readonly trees: readonly StoredTree[];
  /** What the build knows of steps whose results it did not need. */
  readonly imports: readonly ImportedCache[];
}

export interface StoredTree {
  readonly tree: LayeredTree;
  /** One for each layer of the tree. */
  readonly layers: readonly RemoteLayer[];
}

/**
 * Returns the records that a build's results came from. They get results where the build's own results stand on them. With
 * `store`, which writes the archives of layers, every record gets the result that is known. @throws what `store` throws
 */
export async function graphOfBuild(
  cache: Pick<BuildCache, 'open' | 'keysOf'>,
  { records, trees, imports }: MadeResults,
  store?: (tree: LayeredTree) => Promise<readonly RemoteLayer[]>,
): Promise<CacheGraph> {
  using held = cache.open();
  const collected = collectRecords(records, (id) => [
    ...cache.keysOf(id),
    ...imports.flatMap((imported) => imported.keysOf(id)),
  ]);
  const resultOf = async (id: Digest): Promise<GraphResult | undefined> => {
    const tree = await held.load(id);
    if (tree?.kind !== 'layers') return importedResult(imports, id, store === undefined ? trees : undefined);
    const layers = partOf(trees, tree.layers) ?? (await store?.(tree)) ?? [];
    return layers.length === 0 ? undefined : { layers, createdAt: layers.at(-1)?.createdAt ?? 0 };
  };
  const made: GraphRecord[] = [];
  for (const { id, digest, inputs } of collected) {
    // A source is asked anew by each build.
    made.push({ digest, inputs, result: inputs.length === 0 ? undefined : await resultOf(id) });
  }
  return { records: made };
}

/** The archives of layers that a result begins with. */
function partOf(trees: readonly StoredTree[], own: readonly TreeLayer[]): readonly RemoteLayer[] | undefined {
  const found = trees.find(({ tree }) =>
    own.every(({ key }, at) => at < tree.layers.length && key === tree.layers[at]?.key),
  );
  return found?.layers.slice(0, own.length);
}

/** With trees, only a result that one of them begins with. */
function importedResult(
  imports: readonly ImportedCache[],
  id: Digest,
  trees: readonly StoredTree[] | undefined,
): GraphResult | undefined {
  const isPart = ({ layers }: GraphResult): boolean =>
    trees?.some((tree) => layers.every(({ diffId }, at) => diffId === tree.layers[at]?.diffId)) ?? true;
  return imports.map((imported) => imported.resultOf(id)).find((result) => result !== undefined && isPart(result));
}
