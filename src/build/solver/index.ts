export { keyOf, type RecordKey } from './keys.ts';
export type { Progress, ProgressGroup, SourcePlace, StepStatus, StepWarning, VertexProgress } from './progress.ts';
export { reported } from './reported.ts';
export type { CacheLease, ImportedResults, NewRecord, ResultCache } from './result-cache.ts';
export { type Build, inOrder, Solver, type SolverDeps } from './solver.ts';
export { unlessAborted } from './unless-aborted.ts';
export {
  type CacheKey,
  type Edge,
  type InputSum,
  type Op,
  type StepContext,
  StepError,
  type UnreadInput,
  type Vertex,
} from './vertex.ts';
