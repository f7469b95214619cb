export type {
  BuildCacheRecord,
  Builder,
  NewSession,
  PruneBuildCache,
  PrunedBuildCache,
} from './builder.ts';
export { CacheRecords } from './cache/index.ts';
export { createBuilder } from './create-builder.ts';
export { isStepRoot } from './ops/index.ts';
export type { BuildImages, BuildPorts, PullProgress } from './ports.ts';
