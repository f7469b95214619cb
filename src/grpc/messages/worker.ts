/** moby.buildkit.v1.types: the workers of a builder. Numbers and names are those of BuildKit 0.32. */
import {
  bool,
  int64,
  type Message,
  map,
  message,
  optional,
  repeated,
  safeInt64,
  string,
} from '../protobuf/descriptor.ts';
import { platform } from './pb.ts';

export const workerRecord = message('moby.buildkit.v1.types.WorkerRecord', {
  ID: string(1),
  Labels: map(string(2)),
  platforms: repeated(optional(3, () => platform)),
  GCPolicy: repeated(optional(4, () => gcPolicy)),
  BuildkitVersion: optional(5, () => buildkitVersion),
  CDIDevices: repeated(optional(6, () => cdiDevice)),
});
export type WorkerRecord = Message<typeof workerRecord>;

export const gcPolicy = message('moby.buildkit.v1.types.GCPolicy', {
  all: bool(1),
  /** Nanoseconds. */
  keepDuration: int64(2),
  filters: repeated(string(4)),
  reservedSpace: safeInt64(3),
  maxUsedSpace: safeInt64(5),
  minFreeSpace: safeInt64(6),
});
export type GCPolicy = Message<typeof gcPolicy>;

export const buildkitVersion = message('moby.buildkit.v1.types.BuildkitVersion', {
  package: string(1),
  version: string(2),
  revision: string(3),
  dockerfileVersion: string(4),
});
export type BuildkitVersion = Message<typeof buildkitVersion>;

export const cdiDevice = message('moby.buildkit.v1.types.CDIDevice', {
  Name: string(1),
  AutoAllow: bool(2),
  Annotations: map(string(3)),
  OnDemand: bool(4),
});
export type CDIDevice = Message<typeof cdiDevice>;
