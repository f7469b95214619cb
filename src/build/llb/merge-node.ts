import { createNode, type NodeNotes } from './create-node.ts';
import type { LlbEdge, LlbNode } from './graph.ts';

/** A node that lays trees over each other, bottom first. There are at least two. */
export function mergeNode(edges: readonly LlbEdge[], notes: NodeNotes = {}): LlbNode {
  return createNode({ merge: { inputs: edges.map((_edge, input) => ({ input })) } }, edges, notes);
}

/** A node that is what `upper` changed of `lower`. Undefined is the empty tree. */
export function diffNode(lower: LlbEdge | undefined, upper: LlbEdge | undefined, notes: NodeNotes = {}): LlbNode {
  const edges = [lower, upper].filter((edge) => edge !== undefined);
  return createNode(
    {
      diff: {
        lower: { input: lower === undefined ? -1 : 0 },
        upper: { input: upper === undefined ? -1 : edges.length - 1 },
      },
    },
    edges,
    notes,
  );
}
