export type { SourceDeps } from './source.ts';
export { sourceOp } from './source-op.ts';
