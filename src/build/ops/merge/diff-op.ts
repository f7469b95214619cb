import { EngineError, invalid } from '../../../base/errors.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { Op } from '../../solver/index.ts';
import { EMPTY_TREE, type LayeredTree, type Tree } from '../../tree.ts';
import { definitionDigest } from '../content-key.ts';
import { layered, type RootPorts } from '../tree-root.ts';

/** The op of a node that takes what a tree has over another, on which it stands. */
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
      if (ports.snapshots.driver === 'vfs') throw new EngineError('notImplemented', 'vfs has no differences of trees');
      return [layersOver(below, above)];
    },
  };
}

/** @throws EngineError notImplemented for trees that do not stand on each other */
function layersOver(below: LayeredTree, above: LayeredTree): LayeredTree {
  const isOnIt = below.layers.every(({ key }, at) => key === above.layers[at]?.key);
  if (!isOnIt) {
    throw new EngineError('notImplemented', 'the difference of trees that do not stand on each other is not supported');
  }
  return { kind: 'layers', layers: above.layers.slice(below.layers.length) };
}
