import type { Digest } from '../../base/ids.ts';
import type { Op, OpMetadata } from '../../grpc/messages/pb.ts';

/**
 * A graph of BuildKit's ops (LLB) in memory. A node is immutable and knows its inputs, so a graph has no loop. Its digest is
 * that of its encoded op, which names the inputs by their digests: equal nodes have equal digests wherever they come
 * from.
 */
export interface LlbNode {
  /** sha256 of {@link bytes}. */
  readonly digest: Digest;
  /** The encoded op, as it came or as it goes. */
  readonly bytes: Uint8Array;
  readonly op: Op;
  readonly inputs: readonly LlbEdge[];
  readonly metadata: OpMetadata;
  /** Where the op stands in a source file. Undefined where the frontend does not say. */
  readonly location?: LlbLocation | undefined;
}

/** One output of a node. */
export interface LlbEdge {
  readonly node: LlbNode;
  readonly output: number;
}

export interface LlbLocation {
  readonly source: LlbSource;
  /** 1 is the first line. Columns count from 0, and may be all 0. */
  readonly ranges: readonly {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number; readonly character: number };
  }[];
}

/** A file that a frontend read. */
export interface LlbSource {
  readonly filename: string;
  readonly language: string;
  readonly data: Uint8Array;
}
