import type { LlbEdge, LlbNode } from './graph.ts';

/** The nodes of an edge's graph, each once, after its inputs. It does not recurse: graphs may be deep. */
export function* nodesOf(edge: LlbEdge): Generator<LlbNode, void, undefined> {
  const seen = new Set<string>([edge.node.digest]);
  const path: { readonly node: LlbNode; next: number }[] = [{ node: edge.node, next: 0 }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const input = top.node.inputs[top.next++]?.node;
    if (input === undefined) {
      path.pop();
      yield top.node;
    } else if (!seen.has(input.digest)) {
      seen.add(input.digest);
      path.push({ node: input, next: 0 });
    }
  }
}
