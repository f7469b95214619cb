export { type BuildFailure, buildFailure, type FailedSource } from './build-failure.ts';
export type {
  Builder,
  BuildOutput,
  BuildRequest,
  BuildResult,
  BuildStatus,
  CacheEntry,
  CacheRecord,
  FailedStep,
  HistoryRecord,
  LayoutStore,
  OutputTarget,
  PruneLimits,
  RegistryLogin,
  SessionOffer,
  ShellTerminal,
  SshAgent,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
  WorkerRecord,
} from './builder.ts';
export { createBuilder } from './create-builder.ts';
export type { SshKey } from './ssh/ssh-key.ts';
