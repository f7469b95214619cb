export type { ContainersDomain } from './assemble-containers.ts';
export type { RunDefaults } from './config/run-defaults.ts';
export type {
  Attachment,
  AttachOptions,
  ContainerInspect,
  ContainerSummary,
  Containers,
  CreateContainer,
  ExecInspect,
  Filters,
  LogOptions,
  StopOptions,
  WaitCondition,
  WaitResult,
} from './containers.ts';
export { type CreateContainersDeps, createContainers } from './create-containers.ts';
export { imagesOf, rootsOf } from './image-mounts.ts';
export type { LogDefaults } from './log-spec.ts';
export type { ContainerRecord, ExecRecord, MountRecord } from './record.ts';
export type { Clock, ContainersDeps, RemovalRoom, RootFiles } from './world.ts';
