export type { ContainersDomain } from './assemble-containers.ts';
export type { Containers } from './containers.ts';
export { type CreateContainersDeps, createContainers } from './create-containers.ts';
export type { ContainerInspect, ContainerSummary, ExecInspect } from './model/inspection.ts';
export type { LogDefaults } from './model/log-defaults.ts';
export type { ContainerRecord, ExecRecord, MountRecord } from './model/record.ts';
export type {
  Attachment,
  AttachOptions,
  CreateContainer,
  LogOptions,
  StopOptions,
  WaitCondition,
  WaitResult,
} from './model/requests.ts';
export type { RunDefaults } from './model/run-defaults.ts';
export { imagesOf, rootsOf } from './relations/image-mounts.ts';
export type { Clock, ContainersDeps, DiskReserve, RootFiles } from './world.ts';
