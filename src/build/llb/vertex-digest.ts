import type { Digest } from '../../base/ids.ts';
import { digestOf } from './create-node.ts';
import type { LlbNode } from './graph.ts';

/** The identity of a node as a step. A step that must run is another one than a step that need not. */
export function vertexDigest({ digest, metadata }: Pick<LlbNode, 'digest' | 'metadata'>): Digest {
  return metadata.ignore_cache ? digestOf(Buffer.from(`${digest}-ignorecache`)) : digest;
}
