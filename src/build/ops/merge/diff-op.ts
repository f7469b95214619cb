import { invalid } from '../../../base/errors.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { Op } from '../../solver/index.ts';
import { EMPTY_TREE, type LayeredTree, type Tree } from '../../tree.ts';
import { definitionDigest } from '../content-key.ts';
import { layered, type RootPorts } from '../tree-root.ts';
import { difference } from './difference.ts';

/** The op of a node that takes what a tree has over another. */
export function diffOp(node: LlbNode, { ports }: { readonly ports: RootPorts }): Op<Tree> {
  const { diff } = node.op;
  if (diff === undefined) throw invalid('invalid op: it is no difference');
  const { lower, upper } = diff;
  const [from, to] = [lower?.input ?? -1, upper?.input ?? -1];
  return {
    cacheKey: async () => ({ digest: definitionDigest('diff', [from, to]) }),
    async run(inputs, context) {
      const below = await layered(ports, inputs[from] ?? EMPTY_TREE, context);
      const above = await layered(ports, inputs[to] ?? EMPTY_TREE, context);
      const isOnIt = below.layers.every(({ key }, at) => key === above.layers[at]?.key);
      // Then the layers themselves are the difference, and stay what they are.
      if (isOnIt && ports.snapshots.driver !== 'vfs') return [layersOver(below, above)];
      return [await difference(ports, { below, above }, context)];
    },
  };
}

function layersOver(below: LayeredTree, above: LayeredTree): LayeredTree {
  return { kind: 'layers', layers: above.layers.slice(below.layers.length) };
}
