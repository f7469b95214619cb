import type { Digest } from '../../../base/ids.ts';
import type { BuildCache } from '../../cache/index.ts';
import type { LayeredTree } from '../../tree.ts';
import type { RemoteLayer } from '../format/cache-graph.ts';
import { writeInlineRecords } from '../format/write-config.ts';
import type { ImportedCache } from '../import/imported-cache.ts';
import { graphOfBuild } from './graph-of-build.ts';

/** Returns what an image's configuration says about the image's cache: records, whose results are the image's own layers. */
export async function inlineCache(
  cache: Pick<BuildCache, 'open' | 'keysOf'>,
  made: {
    /** Id of the image's record. */
    readonly record: Digest;
    readonly tree: LayeredTree;
    readonly imports: readonly ImportedCache[];
  },
  layers: readonly RemoteLayer[],
): Promise<string> {
  const { record, tree, imports } = made;
  const graph = await graphOfBuild(cache, { records: [record], trees: [{ tree, layers }], imports });
  return writeInlineRecords(
    graph,
    layers.map(({ diffId }) => diffId),
  ).toString('base64');
}
