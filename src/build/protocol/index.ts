export type { CachedItem, CachePrune, CacheView } from './cache-calls.ts';
export { type BuildServerDeps, createBuildServer } from './create-build-server.ts';
export { type FrontendImageDeps, solveByImage } from './frontend-image.ts';
export { buildPosted, type PostedBuildDeps } from './posted-build.ts';
export { PostedUploads } from './posted-uploads.ts';
export { createWorkers, type WorkerFacts, type Workers } from './workers.ts';
