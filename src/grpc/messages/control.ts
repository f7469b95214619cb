/** moby.buildkit.v1: what a client asks of the builder. Numbers and names are those of BuildKit 0.32. */
import {
  bool,
  bytes,
  enumeration,
  int32,
  int64,
  intMap,
  type Message,
  map,
  message,
  optional,
  repeated,
  safeInt64,
  string,
} from '../protobuf/descriptor.ts';
import { bidiStream, serverStream, service, unary } from '../service.ts';
import { timestamp } from './google-protobuf.ts';
import { status } from './google-rpc.ts';
import { definition, progressGroup, range, sourceInfo } from './pb.ts';
import { policy } from './source-policy.ts';
import { buildkitVersion, workerRecord } from './worker.ts';

export const buildHistoryEventType = { STARTED: 0, COMPLETE: 1, DELETED: 2 } as const;

export const pruneRequest = message('moby.buildkit.v1.PruneRequest', {
  filter: repeated(string(1)),
  all: bool(2),
  /** Nanoseconds. */
  keepDuration: int64(3),
  reservedSpace: safeInt64(4),
  maxUsedSpace: safeInt64(5),
  minFreeSpace: safeInt64(6),
});
export type PruneRequest = Message<typeof pruneRequest>;

export const diskUsageRequest = message('moby.buildkit.v1.DiskUsageRequest', {
  filter: repeated(string(1)),
  /** Nanoseconds. */
  ageLimit: int64(2),
});
export type DiskUsageRequest = Message<typeof diskUsageRequest>;

export const diskUsageResponse = message('moby.buildkit.v1.DiskUsageResponse', {
  record: repeated(optional(1, () => usageRecord)),
});
export type DiskUsageResponse = Message<typeof diskUsageResponse>;

export const usageRecord = message('moby.buildkit.v1.UsageRecord', {
  ID: string(1),
  Mutable: bool(2),
  InUse: bool(3),
  Size: safeInt64(4),
  /** Deprecated in favour of `Parents`. */
  Parent: string(5),
  CreatedAt: optional(6, () => timestamp),
  LastUsedAt: optional(7, () => timestamp),
  UsageCount: safeInt64(8),
  Description: string(9),
  RecordType: string(10),
  Shared: bool(11),
  Parents: repeated(string(12)),
});
export type UsageRecord = Message<typeof usageRecord>;

export const solveRequest = message('moby.buildkit.v1.SolveRequest', {
  Ref: string(1),
  Definition: optional(2, () => definition),
  ExporterDeprecated: string(3),
  ExporterAttrsDeprecated: map(string(4)),
  Session: string(5),
  Frontend: string(6),
  FrontendAttrs: map(string(7)),
  Cache: optional(8, () => cacheOptions),
  Entitlements: repeated(string(9)),
  FrontendInputs: map(optional(10, () => definition)),
  Internal: bool(11),
  SourcePolicy: optional(12, () => policy),
  Exporters: repeated(optional(13, () => exporter)),
  EnableSessionExporter: bool(14),
  SourcePolicySession: string(15),
  CompatibilityVersion: safeInt64(16),
  ProxyNetwork: bool(17),
});
export type SolveRequest = Message<typeof solveRequest>;

export const cacheOptions = message('moby.buildkit.v1.CacheOptions', {
  ExportRefDeprecated: string(1),
  ImportRefsDeprecated: repeated(string(2)),
  ExportAttrsDeprecated: map(string(3)),
  Exports: repeated(optional(4, () => cacheOptionsEntry)),
  Imports: repeated(optional(5, () => cacheOptionsEntry)),
});
export type CacheOptions = Message<typeof cacheOptions>;

export const cacheOptionsEntry = message('moby.buildkit.v1.CacheOptionsEntry', {
  Type: string(1),
  Attrs: map(string(2)),
});
export type CacheOptionsEntry = Message<typeof cacheOptionsEntry>;

export const solveResponse = message('moby.buildkit.v1.SolveResponse', {
  ExporterResponse: map(string(1)),
});
export type SolveResponse = Message<typeof solveResponse>;

export const statusRequest = message('moby.buildkit.v1.StatusRequest', {
  Ref: string(1),
});
export type StatusRequest = Message<typeof statusRequest>;

export const statusResponse = message('moby.buildkit.v1.StatusResponse', {
  vertexes: repeated(optional(1, () => vertex)),
  statuses: repeated(optional(2, () => vertexStatus)),
  logs: repeated(optional(3, () => vertexLog)),
  warnings: repeated(optional(4, () => vertexWarning)),
});
export type StatusResponse = Message<typeof statusResponse>;

export const vertex = message('moby.buildkit.v1.Vertex', {
  digest: string(1),
  inputs: repeated(string(2)),
  name: string(3),
  cached: bool(4),
  started: optional(5, () => timestamp),
  completed: optional(6, () => timestamp),
  error: string(7),
  progressGroup: optional(8, () => progressGroup),
});
export type Vertex = Message<typeof vertex>;

export const vertexStatus = message('moby.buildkit.v1.VertexStatus', {
  ID: string(1),
  vertex: string(2),
  name: string(3),
  current: safeInt64(4),
  total: safeInt64(5),
  timestamp: optional(6, () => timestamp),
  started: optional(7, () => timestamp),
  completed: optional(8, () => timestamp),
});
export type VertexStatus = Message<typeof vertexStatus>;

export const vertexLog = message('moby.buildkit.v1.VertexLog', {
  vertex: string(1),
  timestamp: optional(2, () => timestamp),
  stream: safeInt64(3),
  msg: bytes(4),
});
export type VertexLog = Message<typeof vertexLog>;

export const vertexWarning = message('moby.buildkit.v1.VertexWarning', {
  vertex: string(1),
  level: safeInt64(2),
  short: bytes(3),
  detail: repeated(bytes(4)),
  url: string(5),
  info: optional(6, () => sourceInfo),
  ranges: repeated(optional(7, () => range)),
});
export type VertexWarning = Message<typeof vertexWarning>;

export const bytesMessage = message('moby.buildkit.v1.BytesMessage', {
  data: bytes(1),
});
export type BytesMessage = Message<typeof bytesMessage>;

export const listWorkersRequest = message('moby.buildkit.v1.ListWorkersRequest', {
  filter: repeated(string(1)),
});
export type ListWorkersRequest = Message<typeof listWorkersRequest>;

export const listWorkersResponse = message('moby.buildkit.v1.ListWorkersResponse', {
  record: repeated(optional(1, () => workerRecord)),
});
export type ListWorkersResponse = Message<typeof listWorkersResponse>;

export const infoRequest = message('moby.buildkit.v1.InfoRequest', {});
export type InfoRequest = Message<typeof infoRequest>;

export const infoResponse = message('moby.buildkit.v1.InfoResponse', {
  buildkitVersion: optional(1, () => buildkitVersion),
});
export type InfoResponse = Message<typeof infoResponse>;

export const buildHistoryRequest = message('moby.buildkit.v1.BuildHistoryRequest', {
  ActiveOnly: bool(1),
  Ref: string(2),
  EarlyExit: bool(3),
  Filter: repeated(string(4)),
  Limit: int32(5),
});
export type BuildHistoryRequest = Message<typeof buildHistoryRequest>;

export const buildHistoryEvent = message('moby.buildkit.v1.BuildHistoryEvent', {
  type: enumeration(1),
  record: optional(2, () => buildHistoryRecord),
});
export type BuildHistoryEvent = Message<typeof buildHistoryEvent>;

export const buildHistoryRecord = message('moby.buildkit.v1.BuildHistoryRecord', {
  Ref: string(1),
  Frontend: string(2),
  FrontendAttrs: map(string(3)),
  Exporters: repeated(optional(4, () => exporter)),
  error: optional(5, () => status),
  CreatedAt: optional(6, () => timestamp),
  CompletedAt: optional(7, () => timestamp),
  logs: optional(8, () => descriptor),
  ExporterResponse: map(string(9)),
  Result: optional(10, () => buildResultInfo),
  Results: map(optional(11, () => buildResultInfo)),
  Generation: int32(12),
  trace: optional(13, () => descriptor),
  pinned: bool(14),
  numCachedSteps: int32(15),
  numTotalSteps: int32(16),
  numCompletedSteps: int32(17),
  externalError: optional(18, () => descriptor),
  numWarnings: int32(19),
});
export type BuildHistoryRecord = Message<typeof buildHistoryRecord>;

export const updateBuildHistoryRequest = message('moby.buildkit.v1.UpdateBuildHistoryRequest', {
  Ref: string(1),
  Pinned: bool(2),
  Delete: bool(3),
  Finalize: bool(4),
});
export type UpdateBuildHistoryRequest = Message<typeof updateBuildHistoryRequest>;

export const updateBuildHistoryResponse = message('moby.buildkit.v1.UpdateBuildHistoryResponse', {});
export type UpdateBuildHistoryResponse = Message<typeof updateBuildHistoryResponse>;

export const descriptor = message('moby.buildkit.v1.Descriptor', {
  media_type: string(1),
  digest: string(2),
  size: safeInt64(3),
  annotations: map(string(5)),
});
export type Descriptor = Message<typeof descriptor>;

export const buildResultInfo = message('moby.buildkit.v1.BuildResultInfo', {
  ResultDeprecated: optional(1, () => descriptor),
  Attestations: repeated(optional(2, () => descriptor)),
  Results: intMap(optional(3, () => descriptor)),
});
export type BuildResultInfo = Message<typeof buildResultInfo>;

export const exporter = message('moby.buildkit.v1.Exporter', {
  Type: string(1),
  Attrs: map(string(2)),
});
export type Exporter = Message<typeof exporter>;

export const control = service('moby.buildkit.v1.Control', {
  DiskUsage: unary(diskUsageRequest, diskUsageResponse),
  Prune: serverStream(pruneRequest, usageRecord),
  Solve: unary(solveRequest, solveResponse),
  Status: serverStream(statusRequest, statusResponse),
  Session: bidiStream(bytesMessage, bytesMessage),
  ListWorkers: unary(listWorkersRequest, listWorkersResponse),
  Info: unary(infoRequest, infoResponse),
  ListenBuildHistory: serverStream(buildHistoryRequest, buildHistoryEvent),
  UpdateBuildHistory: unary(updateBuildHistoryRequest, updateBuildHistoryResponse),
});
