import { encode, type Init } from '../../grpc/index.ts';
import { type definition, type locations, op, type opMetadata, type sourceInfo } from '../../grpc/messages/pb.ts';
import { digestOf } from './create-node.ts';
import type { LlbEdge, LlbLocation, LlbNode, LlbSource } from './graph.ts';
import { nodesOf } from './nodes-of.ts';

type DefinitionInit = Init<typeof definition>;

/**
 * Writes the graph of an edge as BuildKit's definition: inputs before those that need them; the last op only names the
 * edge. The empty tree is a definition without ops.
 */
export function writeDefinition(edge: LlbEdge | undefined): DefinitionInit {
  if (edge === undefined) return { def: [] };
  const nodes = [...nodesOf(edge)];
  const end = encode(op, { inputs: [{ digest: edge.node.digest, index: edge.output }] });
  const metadata = new Map<string, Init<typeof opMetadata>>(nodes.map((node) => [node.digest, node.metadata]));
  metadata.set(digestOf(end), {});
  return { def: [...nodes.map(({ bytes }) => bytes), end], metadata, Source: sourceOf(nodes) };
}

function sourceOf(nodes: readonly LlbNode[]): DefinitionInit['Source'] {
  const infos: Init<typeof sourceInfo>[] = [];
  const indexes = new Map<LlbSource, number>();
  const places = new Map<string, Init<typeof locations>>();
  for (const { digest, location } of nodes) {
    places.set(digest, location === undefined ? {} : { locations: [locationOf(location, indexOf(location.source))] });
  }
  return { locations: places, infos };

  function indexOf(source: LlbSource): number {
    const known = indexes.get(source);
    if (known !== undefined) return known;
    const index = infos.push(source) - 1;
    indexes.set(source, index);
    return index;
  }
}

function locationOf({ ranges }: LlbLocation, sourceIndex: number) {
  return { sourceIndex, ranges };
}
