export { createNode, digestOf, type NodeNotes, type OpInit, type PlatformInit } from './create-node.ts';
export { type ExecInit, type ExecMount, execNode } from './exec-node.ts';
export { type FileChange, type FileInit, type FileOwner, fileNode } from './file-node.ts';
export type { LlbEdge, LlbLocation, LlbNode, LlbSource } from './graph.ts';
export { diffNode, mergeNode } from './merge-node.ts';
export { nodesOf } from './nodes-of.ts';
export { readDefinition } from './read-definition.ts';
export { type SourceInit, sourceNode } from './source-node.ts';
export { writeDefinition } from './write-definition.ts';
