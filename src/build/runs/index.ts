export { BuildRun, type ImageFrontend, type RunDeps, type RunRequest } from './build-run.ts';
export { BuildRuns } from './build-runs.ts';
export { ProgressLog } from './progress-log.ts';
export { nameDigest, registryAccess } from './resolve-image.ts';
export { SolveError } from './solve-error.ts';
export { type FileRange, readTreeDirectory, readTreeFile, statTreeFile, type TreeEntry } from './tree-reader.ts';
export { WaitingMap } from './waiting-map.ts';
