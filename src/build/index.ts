export type {
  BuildCacheRecord,
  Builder,
  NewSession,
  PostedBuild,
  PruneBuildCache,
  PrunedBuildCache,
} from './builder.ts';
export { CacheRecords } from './cache/index.ts';
export {
  type ClassicBuilder,
  type ClassicContainers,
  type ClassicImages,
  type ClassicPorts,
  type ClassicRequest,
  createClassicBuilder,
  type RemovalRule,
  type StepImage,
} from './classic/index.ts';
export { createBuilder } from './create-builder.ts';
export type { BuildImages, BuildPorts, PullProgress } from './ports.ts';
export { isTreeRootId } from './tree.ts';
