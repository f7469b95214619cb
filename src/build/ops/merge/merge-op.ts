import { invalid } from '../../../base/errors.ts';
import type { LayerKey } from '../../../store/index.ts';
import type { LlbNode } from '../../llb/graph.ts';
import type { Op, StepContext } from '../../solver/index.ts';
import { EMPTY_TREE, type LayeredTree, type Tree, type TreeLayer } from '../../tree.ts';
import { definitionDigest } from '../content-key.ts';
import { layered, openTree, openTreeRoot, type RootPorts } from '../tree-root.ts';
import { deleteAsIn } from './difference.ts';

/**
 * The op of a node that lays trees over one another, such as the result of COPY --link: the layers of each tree are put
 * on those before it, and stay as they are. What a tree has deleted of its own stays hidden in it, and hides nothing of
 * the trees below; what a difference of trees has deleted is deleted there, too.
 */
export function mergeOp(node: LlbNode, { ports }: { readonly ports: RootPorts }): Op<Tree> {
  const { merge } = node.op;
  if (merge === undefined) throw invalid('invalid op: it merges nothing');
  const order = merge.inputs.map(({ input }) => input);
  return {
    cacheKey: async () => ({ digest: definitionDigest('merge', order) }),
    async run(inputs, context) {
      const trees = order.map((input) => inputs[input] ?? EMPTY_TREE);
      const isDifference = (at: number): boolean => node.inputs[order[at] ?? -1]?.node.op.diff !== undefined;
      if (ports.snapshots.driver === 'vfs') return [await copied(ports, { trees, isDifference }, context)];
      const layers: TreeLayer[] = [];
      for (const [at, tree] of trees.entries()) {
        const part =
          at === 0 || isDifference(at) ? await layered(ports, tree, context) : await alone(ports, tree, context);
        layers.push(...part.layers);
      }
      return [{ kind: 'layers', layers }];
    },
  };
}

/** With whole copies in place of layers, nothing can be laid over anything. */
async function copied(
  ports: RootPorts,
  { trees, isDifference }: { readonly trees: readonly Tree[]; readonly isDifference: (at: number) => boolean },
  context: StepContext,
): Promise<LayeredTree> {
  const [first = EMPTY_TREE, ...others] = trees;
  await using root = await openTreeRoot(ports, first, context.signal);
  for (const [at, tree] of others.entries()) {
    if (tree.kind === 'layers' && isDifference(at + 1)) await deleteAsIn(ports, { tree, root }, context);
    await using opened = await openTree(ports, tree);
    const places = { source: opened.path, from: { path: '/' }, target: root.path, to: '/' };
    await ports.snapshots.rootFiles.copy({ ...places, copiesContent: true, replacesKinds: true }, context.signal);
  }
  return await root.seal({ description: 'merge' }, context);
}

/** Returns a tree as layers that hide nothing below. */
async function alone(ports: RootPorts, tree: Tree, context: StepContext): Promise<LayeredTree> {
  const hiding = new Set<LayerKey>();
  for (const { key, sealedAs, mayHide } of ports.snapshots.layers()) {
    if (mayHide === true) for (const each of [key, sealedAs ?? key]) hiding.add(each);
  }
  const own = await layered(ports, tree, context);
  if (!own.layers.some(({ key }) => key !== undefined && hiding.has(key))) return own;
  await using opened = await openTree(ports, own);
  await using root = await openTreeRoot(ports, { kind: 'folder', path: opened.path }, context.signal);
  return await root.seal({ description: own.layers.at(-1)?.description ?? '' }, context);
}
