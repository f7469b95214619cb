import { createNode, type NodeNotes, type PlatformInit } from './create-node.ts';
import type { LlbNode } from './graph.ts';

export interface SourceInit extends NodeNotes {
  /** `docker-image://…`, `local://…`, `git://…`, `https://…`, `oci-layout://…`. */
  readonly identifier: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of an image. Other sources have none. */
  readonly platform?: PlatformInit;
}

/** A node without inputs, which takes files from elsewhere. */
export function sourceNode({ identifier, attributes = {}, platform, ...notes }: SourceInit): LlbNode {
  return createNode({ source: { identifier, attrs: new Map(Object.entries(attributes)) }, platform }, [], notes);
}
