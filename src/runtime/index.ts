export { injectDevices } from './cdi/inject-devices.ts';
export { readCdiDevices } from './cdi/read-devices.ts';
export { createTaskRuntime, type SupervisedTaskRuntime, type TaskRuntimeOptions } from './create-task-runtime.ts';
export { exitCodeOfStartError } from './driver/runtime-errors.ts';
export type { RuntimeOption, Runtimes } from './driver/runtimes.ts';
export { buildRuntimeSpec, type JoinedNamespaces, type SpecInput } from './oci-spec/build-spec.ts';
export { type Capability, checkCapabilities } from './oci-spec/capabilities.ts';
export { overrideEnvironment } from './oci-spec/environment.ts';
export { MASKED_PATHS, READONLY_PATHS } from './oci-spec/hidden-paths.ts';
export { type CgroupFeatures, type HostFacts, hostFacts } from './oci-spec/host-facts.ts';
export type { SpecMount } from './oci-spec/mounts.ts';
export { buildExecProcess, type ProcessInput } from './oci-spec/process.ts';
export { parseSecurityOptions, type SecurityOptions } from './oci-spec/security-options.ts';
export { stringifyProcess, stringifySpec } from './oci-spec/stringify.ts';
export { type ReadRootFile, resolveUser, USER_FILE_BYTES_MAX } from './oci-spec/user.ts';
export { createPinnedPaths, type PinnedPath, type PinnedPaths } from './pinned-paths.ts';
export { createSharedMemory, type SharedMemory } from './shared-memory.ts';
export type {
  AttachStreams,
  ExecTask,
  KnownTask,
  OwnerTables,
  StartedTask,
  StartTask,
  TaskExit,
  TaskRuntime,
  TaskStats,
} from './task-runtime.ts';
