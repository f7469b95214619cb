/** pb: BuildKit's graph (LLB). A definition holds its ops as bytes, since their digests are those of the bytes. Numbers and names are those of BuildKit 0.32. */
import {
  bool,
  bytes,
  type Descriptor,
  enumeration,
  type Init,
  int32,
  int64,
  type Message,
  map,
  message,
  oneof,
  optional,
  repeated,
  safeInt64,
  safeUint64,
  string,
  uint32,
} from '../protobuf/descriptor.ts';

export const netMode = { UNSET: 0, HOST: 1, NONE: 2 } as const;

export const securityMode = { SANDBOX: 0, INSECURE: 1 } as const;

export const mountType = { BIND: 0, SECRET: 1, SSH: 2, CACHE: 3, TMPFS: 4 } as const;

export const mountContentCache = { DEFAULT: 0, ON: 1, OFF: 2 } as const;

export const cacheSharingOpt = { SHARED: 0, PRIVATE: 1, LOCKED: 2 } as const;

/** The oneof comes last, as BuildKit encodes it: the digest of an op is that of its bytes. */
export const op = message('pb.Op', {
  inputs: repeated(optional(1, () => input)),
  platform: optional(10, () => platform),
  constraints: optional(11, () => workerConstraints),
  ...oneof('op', {
    exec: optional(2, () => execOp),
    source: optional(3, () => sourceOp),
    file: optional(4, () => fileOp),
    build: optional(5, () => buildOp),
    merge: optional(6, () => mergeOp),
    diff: optional(7, () => diffOp),
    passthrough: optional(8, () => passthroughOp),
  }),
});
export type Op = Message<typeof op>;

export const platform = message('pb.Platform', {
  Architecture: string(1),
  OS: string(2),
  Variant: string(3),
  OSVersion: string(4),
  OSFeatures: repeated(string(5)),
});
export type Platform = Message<typeof platform>;

export const input = message('pb.Input', {
  digest: string(1),
  index: safeInt64(2),
});
export type Input = Message<typeof input>;

export const execOp = message('pb.ExecOp', {
  meta: optional(1, () => meta),
  mounts: repeated(optional(2, () => mount)),
  network: enumeration(3),
  security: enumeration(4),
  secretenv: repeated(optional(5, () => secretEnv)),
  cdiDevices: repeated(optional(6, () => cdiDevice)),
});
export type ExecOp = Message<typeof execOp>;

export const meta = message('pb.Meta', {
  args: repeated(string(1)),
  env: repeated(string(2)),
  cwd: string(3),
  user: string(4),
  proxy_env: optional(5, () => proxyEnv),
  extraHosts: repeated(optional(6, () => hostIP)),
  hostname: string(7),
  ulimit: repeated(optional(9, () => ulimit)),
  cgroupParent: string(10),
  removeMountStubsRecursive: bool(11),
  validExitCodes: repeated(int32(12)),
});
export type Meta = Message<typeof meta>;

export const hostIP = message('pb.HostIP', {
  Host: string(1),
  IP: string(2),
});
export type HostIP = Message<typeof hostIP>;

export const ulimit = message('pb.Ulimit', {
  Name: string(1),
  Soft: int64(2),
  Hard: int64(3),
});
export type Ulimit = Message<typeof ulimit>;

export const secretEnv = message('pb.SecretEnv', {
  ID: string(1),
  name: string(2),
  optional: bool(3),
});
export type SecretEnv = Message<typeof secretEnv>;

export const cdiDevice = message('pb.CDIDevice', {
  name: string(1),
  optional: bool(2),
});
export type CDIDevice = Message<typeof cdiDevice>;

export const mount = message('pb.Mount', {
  input: safeInt64(1),
  selector: string(2),
  dest: string(3),
  output: safeInt64(4),
  readonly: bool(5),
  mountType: enumeration(6),
  TmpfsOpt: optional(19, () => tmpfsOpt),
  cacheOpt: optional(20, () => cacheOpt),
  secretOpt: optional(21, () => secretOpt),
  SSHOpt: optional(22, () => sshOpt),
  resultID: string(23),
  contentCache: enumeration(24),
});
export type Mount = Message<typeof mount>;

export const tmpfsOpt = message('pb.TmpfsOpt', {
  size: safeInt64(1),
});
export type TmpfsOpt = Message<typeof tmpfsOpt>;

export const cacheOpt = message('pb.CacheOpt', {
  ID: string(1),
  sharing: enumeration(2),
});
export type CacheOpt = Message<typeof cacheOpt>;

export const secretOpt = message('pb.SecretOpt', {
  ID: string(1),
  uid: uint32(2),
  gid: uint32(3),
  mode: uint32(4),
  optional: bool(5),
});
export type SecretOpt = Message<typeof secretOpt>;

export const sshOpt = message('pb.SSHOpt', {
  ID: string(1),
  uid: uint32(2),
  gid: uint32(3),
  mode: uint32(4),
  optional: bool(5),
});
export type SSHOpt = Message<typeof sshOpt>;

export const sourceOp = message('pb.SourceOp', {
  identifier: string(1),
  attrs: map(string(2)),
});
export type SourceOp = Message<typeof sourceOp>;

export const buildOp = message('pb.BuildOp', {
  builder: safeInt64(1),
  inputs: map(optional(2, () => buildInput)),
  def: optional(3, () => definition),
  attrs: map(string(4)),
});
export type BuildOp = Message<typeof buildOp>;

export const buildInput = message('pb.BuildInput', {
  input: safeInt64(1),
});
export type BuildInput = Message<typeof buildInput>;

export const opMetadata = message('pb.OpMetadata', {
  ignore_cache: bool(1),
  description: map(string(2)),
  export_cache: optional(4, () => exportCache),
  caps: map(bool(5)),
  progress_group: optional(6, () => progressGroup),
  linux_resources: optional(7, () => linuxResources),
});
export type OpMetadata = Message<typeof opMetadata>;

export const source = message('pb.Source', {
  locations: map(optional(1, () => locations)),
  infos: repeated(optional(2, () => sourceInfo)),
});
export type Source = Message<typeof source>;

export const locations = message('pb.Locations', {
  locations: repeated(optional(1, () => location)),
});
export type Locations = Message<typeof locations>;

export const sourceInfo = message('pb.SourceInfo', {
  filename: string(1),
  data: bytes(2),
  definition: optional(3, (): Descriptor<Definition, DefinitionInit> => definition),
  language: string(4),
});
export type SourceInfo = Message<typeof sourceInfo>;

export const location = message('pb.Location', {
  sourceIndex: int32(1),
  ranges: repeated(optional(2, () => range)),
});
export type Location = Message<typeof location>;

export const range = message('pb.Range', {
  start: optional(1, () => position),
  end: optional(2, () => position),
});
export type Range = Message<typeof range>;

export const position = message('pb.Position', {
  line: int32(1),
  character: int32(2),
});
export type Position = Message<typeof position>;

export const exportCache = message('pb.ExportCache', {
  Value: bool(1),
});
export type ExportCache = Message<typeof exportCache>;

export const progressGroup = message('pb.ProgressGroup', {
  id: string(1),
  name: string(2),
  weak: bool(3),
});
export type ProgressGroup = Message<typeof progressGroup>;

export const linuxResources = message('pb.LinuxResources', {
  memory: safeInt64(1),
  memorySwap: safeInt64(2),
  cpuShares: safeUint64(3),
  cpuPeriod: safeUint64(4),
  cpuQuota: safeInt64(5),
  cpusetCpus: string(6),
  cpusetMems: string(7),
});
export type LinuxResources = Message<typeof linuxResources>;

export const proxyEnv = message('pb.ProxyEnv', {
  http_proxy: string(1),
  https_proxy: string(2),
  ftp_proxy: string(3),
  no_proxy: string(4),
  all_proxy: string(5),
});
export type ProxyEnv = Message<typeof proxyEnv>;

export const workerConstraints = message('pb.WorkerConstraints', {
  filter: repeated(string(1)),
});
export type WorkerConstraints = Message<typeof workerConstraints>;

export const definition = message('pb.Definition', {
  /** Ops, encoded. The last one only has inputs, and names the result. */
  def: repeated(bytes(1)),
  metadata: map(optional(2, () => opMetadata)),
  Source: optional(3, () => source),
});
/** Interfaces, since a definition may contain definitions in its sources. */
export interface Definition extends Message<typeof definition> {}
export interface DefinitionInit extends Init<typeof definition> {}

export const fileOp = message('pb.FileOp', {
  actions: repeated(optional(2, () => fileAction)),
});
export type FileOp = Message<typeof fileOp>;

export const fileAction = message('pb.FileAction', {
  input: safeInt64(1),
  secondaryInput: safeInt64(2),
  output: safeInt64(3),
  ...oneof('action', {
    copy: optional(4, () => fileActionCopy),
    mkfile: optional(5, () => fileActionMkFile),
    mkdir: optional(6, () => fileActionMkDir),
    rm: optional(7, () => fileActionRm),
    symlink: optional(8, () => fileActionSymlink),
  }),
});
export type FileAction = Message<typeof fileAction>;

export const fileActionCopy = message('pb.FileActionCopy', {
  src: string(1),
  dest: string(2),
  owner: optional(3, () => chownOpt),
  mode: int32(4),
  followSymlink: bool(5),
  dirCopyContents: bool(6),
  attemptUnpackDockerCompatibility: bool(7),
  createDestPath: bool(8),
  allowWildcard: bool(9),
  allowEmptyWildcard: bool(10),
  timestamp: int64(11),
  include_patterns: repeated(string(12)),
  exclude_patterns: repeated(string(13)),
  alwaysReplaceExistingDestPaths: bool(14),
  modeStr: string(15),
  required_paths: repeated(string(16)),
});
export type FileActionCopy = Message<typeof fileActionCopy>;

export const fileActionMkFile = message('pb.FileActionMkFile', {
  path: string(1),
  mode: int32(2),
  data: bytes(3),
  owner: optional(4, () => chownOpt),
  timestamp: int64(5),
});
export type FileActionMkFile = Message<typeof fileActionMkFile>;

export const fileActionSymlink = message('pb.FileActionSymlink', {
  oldpath: string(1),
  newpath: string(2),
  owner: optional(3, () => chownOpt),
  timestamp: int64(4),
});
export type FileActionSymlink = Message<typeof fileActionSymlink>;

export const fileActionMkDir = message('pb.FileActionMkDir', {
  path: string(1),
  mode: int32(2),
  makeParents: bool(3),
  owner: optional(4, () => chownOpt),
  timestamp: int64(5),
});
export type FileActionMkDir = Message<typeof fileActionMkDir>;

export const fileActionRm = message('pb.FileActionRm', {
  path: string(1),
  allowNotFound: bool(2),
  allowWildcard: bool(3),
});
export type FileActionRm = Message<typeof fileActionRm>;

export const chownOpt = message('pb.ChownOpt', {
  user: optional(1, () => userOpt),
  group: optional(2, () => userOpt),
});
export type ChownOpt = Message<typeof chownOpt>;

export const userOpt = message('pb.UserOpt', {
  ...oneof('user', {
    byName: optional(1, () => namedUserOpt),
    byID: uint32(2),
  }),
});
export type UserOpt = Message<typeof userOpt>;

export const namedUserOpt = message('pb.NamedUserOpt', {
  name: string(1),
  input: safeInt64(2),
});
export type NamedUserOpt = Message<typeof namedUserOpt>;

export const mergeInput = message('pb.MergeInput', {
  input: safeInt64(1),
});
export type MergeInput = Message<typeof mergeInput>;

export const mergeOp = message('pb.MergeOp', {
  inputs: repeated(optional(1, () => mergeInput)),
});
export type MergeOp = Message<typeof mergeOp>;

export const lowerDiffInput = message('pb.LowerDiffInput', {
  input: safeInt64(1),
});
export type LowerDiffInput = Message<typeof lowerDiffInput>;

export const upperDiffInput = message('pb.UpperDiffInput', {
  input: safeInt64(1),
});
export type UpperDiffInput = Message<typeof upperDiffInput>;

export const diffOp = message('pb.DiffOp', {
  lower: optional(1, () => lowerDiffInput),
  upper: optional(2, () => upperDiffInput),
});
export type DiffOp = Message<typeof diffOp>;

export const passthroughOp = message('pb.PassthroughOp', {
  id: string(1),
  outputs: repeated(safeInt64(2)),
});
export type PassthroughOp = Message<typeof passthroughOp>;
