import { createHash } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';
import { decode, encode, type Init } from '../../grpc/index.ts';
import { type OpMetadata, op, opMetadata } from '../../grpc/messages/pb.ts';
import type { LlbEdge, LlbLocation, LlbNode } from './graph.ts';

/** What is said about an op outside its digest. */
export interface NodeNotes {
  readonly metadata?: Init<typeof opMetadata> | undefined;
  readonly location?: LlbLocation | undefined;
}

export type PlatformInit = Init<typeof op>['platform'];

/** A node's op without its inputs. */
export type OpInit = Omit<Init<typeof op>, 'inputs'>;

export const NO_METADATA: OpMetadata = decode(opMetadata, new Uint8Array());

/** Makes a node. Its op names the inputs by their indexes. */
export function createNode(given: OpInit, inputs: readonly LlbEdge[], notes: NodeNotes = {}): LlbNode {
  const bytes = encode(op, {
    ...given,
    inputs: inputs.map(({ node, output }) => ({ digest: node.digest, index: output })),
    constraints: given.constraints ?? {},
  });
  return {
    digest: digestOf(bytes),
    bytes,
    op: decode(op, bytes),
    inputs,
    metadata: fullMetadata(notes.metadata),
    location: notes.location,
  };
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

function fullMetadata(metadata: NodeNotes['metadata']): OpMetadata {
  return metadata === undefined ? NO_METADATA : decode(opMetadata, encode(opMetadata, metadata));
}

/** The inputs of an op under construction. Equal edges are one input. */
export class InputList {
  readonly edges: LlbEdge[] = [];

  /** Returns the input's index; -1 for the empty tree. */
  add(edge: LlbEdge | undefined): number {
    if (edge === undefined) return -1;
    const known = this.edges.findIndex(
      ({ node, output }) => node.digest === edge.node.digest && output === edge.output,
    );
    return known >= 0 ? known : this.edges.push(edge) - 1;
  }
}
