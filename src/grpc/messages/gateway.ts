/** moby.buildkit.v1.frontend: what a frontend asks of the builder. Numbers and names are those of BuildKit 0.32. */
import {
  bool,
  bytes,
  enumeration,
  int32,
  type Message,
  map,
  message,
  oneof,
  optional,
  repeated,
  safeInt64,
  string,
  uint32,
} from '../protobuf/descriptor.ts';
import { bidiStream, service, unary } from '../service.ts';
import { apiCap } from './apicaps.ts';
import { stat } from './fsutil.ts';
import { timestamp } from './google-protobuf.ts';
import { status } from './google-rpc.ts';
import {
  definition,
  hostIP,
  meta,
  mount,
  platform,
  range,
  secretEnv,
  sourceInfo,
  sourceOp,
  workerConstraints,
} from './pb.ts';
import { policy } from './source-policy.ts';
import { workerRecord } from './worker.ts';

export const checksumRequestChecksumAlgo = {
  CHECKSUM_ALGO_SHA256: 0,
  CHECKSUM_ALGO_SHA384: 1,
  CHECKSUM_ALGO_SHA512: 2,
} as const;

export const attestationKind = { InToto: 0, Bundle: 1 } as const;

export const inTotoSubjectKind = { Self: 0, Raw: 1 } as const;

export const result = message('moby.buildkit.v1.frontend.Result', {
  ...oneof('result', {
    refDeprecated: string(1),
    refsDeprecated: optional(2, () => refMapDeprecated),
    ref: optional(3, () => ref),
    refs: optional(4, () => refMap),
  }),
  metadata: map(bytes(10)),
  attestations: map(optional(12, () => attestations)),
});
export type Result = Message<typeof result>;

export const refMapDeprecated = message('moby.buildkit.v1.frontend.RefMapDeprecated', {
  refs: map(string(1)),
});
export type RefMapDeprecated = Message<typeof refMapDeprecated>;

export const ref = message('moby.buildkit.v1.frontend.Ref', {
  id: string(1),
  def: optional(2, () => definition),
});
export type Ref = Message<typeof ref>;

export const refMap = message('moby.buildkit.v1.frontend.RefMap', {
  refs: map(optional(1, () => ref)),
});
export type RefMap = Message<typeof refMap>;

export const attestations = message('moby.buildkit.v1.frontend.Attestations', {
  attestation: repeated(optional(1, () => attestation)),
});
export type Attestations = Message<typeof attestations>;

export const attestation = message('moby.buildkit.v1.frontend.Attestation', {
  kind: enumeration(1),
  metadata: map(bytes(2)),
  ref: optional(3, () => ref),
  path: string(4),
  inTotoPredicateType: string(5),
  inTotoSubjects: repeated(optional(6, () => inTotoSubject)),
});
export type Attestation = Message<typeof attestation>;

export const inTotoSubject = message('moby.buildkit.v1.frontend.InTotoSubject', {
  kind: enumeration(1),
  digest: repeated(string(2)),
  name: string(3),
});
export type InTotoSubject = Message<typeof inTotoSubject>;

export const returnRequest = message('moby.buildkit.v1.frontend.ReturnRequest', {
  result: optional(1, () => result),
  error: optional(2, () => status),
});
export type ReturnRequest = Message<typeof returnRequest>;

export const returnResponse = message('moby.buildkit.v1.frontend.ReturnResponse', {});
export type ReturnResponse = Message<typeof returnResponse>;

export const inputsRequest = message('moby.buildkit.v1.frontend.InputsRequest', {});
export type InputsRequest = Message<typeof inputsRequest>;

export const inputsResponse = message('moby.buildkit.v1.frontend.InputsResponse', {
  Definitions: map(optional(1, () => definition)),
});
export type InputsResponse = Message<typeof inputsResponse>;

export const resolveImageConfigRequest = message('moby.buildkit.v1.frontend.ResolveImageConfigRequest', {
  Ref: string(1),
  Platform: optional(2, () => platform),
  ResolveMode: string(3),
  LogName: string(4),
  ResolverType: int32(5),
  SessionID: string(6),
  StoreID: string(7),
  SourcePolicies: repeated(optional(8, () => policy)),
});
export type ResolveImageConfigRequest = Message<typeof resolveImageConfigRequest>;

export const resolveImageConfigResponse = message('moby.buildkit.v1.frontend.ResolveImageConfigResponse', {
  Digest: string(1),
  Config: bytes(2),
  Ref: string(3),
});
export type ResolveImageConfigResponse = Message<typeof resolveImageConfigResponse>;

export const resolveSourceMetaRequest = message('moby.buildkit.v1.frontend.ResolveSourceMetaRequest', {
  Source: optional(1, () => sourceOp),
  Platform: optional(2, () => platform),
  LogName: string(3),
  ResolveMode: string(4),
  Git: optional(5, () => resolveSourceGitRequest),
  Image: optional(6, () => resolveSourceImageRequest),
  HTTP: optional(7, () => resolveSourceHTTPRequest),
  SourcePolicies: repeated(optional(8, () => policy)),
});
export type ResolveSourceMetaRequest = Message<typeof resolveSourceMetaRequest>;

export const resolveSourceMetaResponse = message('moby.buildkit.v1.frontend.ResolveSourceMetaResponse', {
  Source: optional(1, () => sourceOp),
  Image: optional(2, () => resolveSourceImageResponse),
  Git: optional(3, () => resolveSourceGitResponse),
  HTTP: optional(4, () => resolveSourceHTTPResponse),
});
export type ResolveSourceMetaResponse = Message<typeof resolveSourceMetaResponse>;

export const resolveSourceImageRequest = message('moby.buildkit.v1.frontend.ResolveSourceImageRequest', {
  NoConfig: bool(1),
  AttestationChain: bool(2),
  ResolveAttestations: repeated(string(3)),
});
export type ResolveSourceImageRequest = Message<typeof resolveSourceImageRequest>;

export const attestationChain = message('moby.buildkit.v1.frontend.AttestationChain', {
  Root: string(1),
  ImageManifest: string(2),
  AttestationManifest: string(3),
  SignatureManifests: repeated(string(4)),
  Blobs: map(optional(5, () => blob)),
});
export type AttestationChain = Message<typeof attestationChain>;

export const resolveSourceImageResponse = message('moby.buildkit.v1.frontend.ResolveSourceImageResponse', {
  Digest: string(1),
  Config: bytes(2),
  AttestationChain: optional(3, () => attestationChain),
});
export type ResolveSourceImageResponse = Message<typeof resolveSourceImageResponse>;

export const resolveSourceGitRequest = message('moby.buildkit.v1.frontend.ResolveSourceGitRequest', {
  ReturnObject: bool(1),
});
export type ResolveSourceGitRequest = Message<typeof resolveSourceGitRequest>;

export const resolveSourceGitResponse = message('moby.buildkit.v1.frontend.ResolveSourceGitResponse', {
  Checksum: string(1),
  Ref: string(2),
  CommitChecksum: string(3),
  CommitObject: bytes(4),
  TagObject: bytes(5),
});
export type ResolveSourceGitResponse = Message<typeof resolveSourceGitResponse>;

export const resolveSourceHTTPResponse = message('moby.buildkit.v1.frontend.ResolveSourceHTTPResponse', {
  Checksum: string(1),
  Filename: string(2),
  LastModified: optional(3, () => timestamp),
  ChecksumResponse: optional(4, () => checksumResponse),
});
export type ResolveSourceHTTPResponse = Message<typeof resolveSourceHTTPResponse>;

export const resolveSourceHTTPRequest = message('moby.buildkit.v1.frontend.ResolveSourceHTTPRequest', {
  ChecksumRequest: optional(1, () => checksumRequest),
});
export type ResolveSourceHTTPRequest = Message<typeof resolveSourceHTTPRequest>;

export const checksumRequest = message('moby.buildkit.v1.frontend.ChecksumRequest', {
  Algo: enumeration(1),
  Suffix: bytes(2),
});
export type ChecksumRequest = Message<typeof checksumRequest>;

export const checksumResponse = message('moby.buildkit.v1.frontend.ChecksumResponse', {
  Digest: string(1),
  Suffix: bytes(2),
});
export type ChecksumResponse = Message<typeof checksumResponse>;

export const solveRequest = message('moby.buildkit.v1.frontend.SolveRequest', {
  Definition: optional(1, () => definition),
  Frontend: string(2),
  FrontendOpt: map(string(3)),
  allowResultReturn: bool(5),
  allowResultArrayRef: bool(6),
  Final: bool(10),
  ExporterAttr: bytes(11),
  CacheImports: repeated(optional(12, () => cacheOptionsEntry)),
  FrontendInputs: map(optional(13, () => definition)),
  Evaluate: bool(14),
  SourcePolicies: repeated(optional(15, () => policy)),
});
export type SolveRequest = Message<typeof solveRequest>;

export const cacheOptionsEntry = message('moby.buildkit.v1.frontend.CacheOptionsEntry', {
  Type: string(1),
  Attrs: map(string(2)),
});
export type CacheOptionsEntry = Message<typeof cacheOptionsEntry>;

export const solveResponse = message('moby.buildkit.v1.frontend.SolveResponse', {
  ref: string(1),
  result: optional(3, () => result),
});
export type SolveResponse = Message<typeof solveResponse>;

export const readFileRequest = message('moby.buildkit.v1.frontend.ReadFileRequest', {
  Ref: string(1),
  FilePath: string(2),
  Range: optional(3, () => fileRange),
  MountIndex: int32(4),
});
export type ReadFileRequest = Message<typeof readFileRequest>;

export const fileRange = message('moby.buildkit.v1.frontend.FileRange', {
  Offset: safeInt64(1),
  Length: safeInt64(2),
});
export type FileRange = Message<typeof fileRange>;

export const readFileResponse = message('moby.buildkit.v1.frontend.ReadFileResponse', {
  Data: bytes(1),
});
export type ReadFileResponse = Message<typeof readFileResponse>;

export const readDirRequest = message('moby.buildkit.v1.frontend.ReadDirRequest', {
  Ref: string(1),
  DirPath: string(2),
  IncludePattern: string(3),
  MountIndex: int32(4),
});
export type ReadDirRequest = Message<typeof readDirRequest>;

export const readDirResponse = message('moby.buildkit.v1.frontend.ReadDirResponse', {
  entries: repeated(optional(1, () => stat)),
});
export type ReadDirResponse = Message<typeof readDirResponse>;

export const statFileRequest = message('moby.buildkit.v1.frontend.StatFileRequest', {
  Ref: string(1),
  Path: string(2),
  MountIndex: int32(3),
});
export type StatFileRequest = Message<typeof statFileRequest>;

export const statFileResponse = message('moby.buildkit.v1.frontend.StatFileResponse', {
  stat: optional(1, () => stat),
});
export type StatFileResponse = Message<typeof statFileResponse>;

export const evaluateRequest = message('moby.buildkit.v1.frontend.EvaluateRequest', {
  Ref: string(1),
});
export type EvaluateRequest = Message<typeof evaluateRequest>;

export const evaluateResponse = message('moby.buildkit.v1.frontend.EvaluateResponse', {});
export type EvaluateResponse = Message<typeof evaluateResponse>;

export const pingRequest = message('moby.buildkit.v1.frontend.PingRequest', {});
export type PingRequest = Message<typeof pingRequest>;

export const pongResponse = message('moby.buildkit.v1.frontend.PongResponse', {
  FrontendAPICaps: repeated(optional(1, () => apiCap)),
  LLBCaps: repeated(optional(2, () => apiCap)),
  Workers: repeated(optional(3, () => workerRecord)),
});
export type PongResponse = Message<typeof pongResponse>;

export const warnRequest = message('moby.buildkit.v1.frontend.WarnRequest', {
  digest: string(1),
  level: safeInt64(2),
  short: bytes(3),
  detail: repeated(bytes(4)),
  url: string(5),
  info: optional(6, () => sourceInfo),
  ranges: repeated(optional(7, () => range)),
});
export type WarnRequest = Message<typeof warnRequest>;

export const warnResponse = message('moby.buildkit.v1.frontend.WarnResponse', {});
export type WarnResponse = Message<typeof warnResponse>;

export const newContainerRequest = message('moby.buildkit.v1.frontend.NewContainerRequest', {
  ContainerID: string(1),
  Mounts: repeated(optional(2, () => mount)),
  Network: enumeration(3),
  platform: optional(4, () => platform),
  constraints: optional(5, () => workerConstraints),
  extraHosts: repeated(optional(6, () => hostIP)),
  hostname: string(7),
});
export type NewContainerRequest = Message<typeof newContainerRequest>;

export const newContainerResponse = message('moby.buildkit.v1.frontend.NewContainerResponse', {});
export type NewContainerResponse = Message<typeof newContainerResponse>;

export const releaseContainerRequest = message('moby.buildkit.v1.frontend.ReleaseContainerRequest', {
  ContainerID: string(1),
});
export type ReleaseContainerRequest = Message<typeof releaseContainerRequest>;

export const releaseContainerResponse = message('moby.buildkit.v1.frontend.ReleaseContainerResponse', {});
export type ReleaseContainerResponse = Message<typeof releaseContainerResponse>;

export const execMessage = message('moby.buildkit.v1.frontend.ExecMessage', {
  ProcessID: string(1),
  ...oneof('Input', {
    Init: optional(2, () => initMessage),
    File: optional(3, () => fdMessage),
    Resize: optional(4, () => resizeMessage),
    Started: optional(5, () => startedMessage),
    Exit: optional(6, () => exitMessage),
    Done: optional(7, () => doneMessage),
    Signal: optional(8, () => signalMessage),
  }),
});
export type ExecMessage = Message<typeof execMessage>;

export const initMessage = message('moby.buildkit.v1.frontend.InitMessage', {
  ContainerID: string(1),
  Meta: optional(2, () => meta),
  Fds: repeated(uint32(3)),
  Tty: bool(4),
  Security: enumeration(5),
  secretenv: repeated(optional(6, () => secretEnv)),
});
export type InitMessage = Message<typeof initMessage>;

export const exitMessage = message('moby.buildkit.v1.frontend.ExitMessage', {
  Code: uint32(1),
  Error: optional(2, () => status),
});
export type ExitMessage = Message<typeof exitMessage>;

export const startedMessage = message('moby.buildkit.v1.frontend.StartedMessage', {});
export type StartedMessage = Message<typeof startedMessage>;

export const doneMessage = message('moby.buildkit.v1.frontend.DoneMessage', {});
export type DoneMessage = Message<typeof doneMessage>;

export const fdMessage = message('moby.buildkit.v1.frontend.FdMessage', {
  Fd: uint32(1),
  EOF: bool(2),
  Data: bytes(3),
});
export type FdMessage = Message<typeof fdMessage>;

export const resizeMessage = message('moby.buildkit.v1.frontend.ResizeMessage', {
  Rows: uint32(1),
  Cols: uint32(2),
});
export type ResizeMessage = Message<typeof resizeMessage>;

export const signalMessage = message('moby.buildkit.v1.frontend.SignalMessage', {
  Name: string(1),
});
export type SignalMessage = Message<typeof signalMessage>;

export const blob = message('moby.buildkit.v1.frontend.Blob', {
  descriptor: optional(1, () => descriptor),
  data: bytes(2),
});
export type Blob = Message<typeof blob>;

export const descriptor = message('moby.buildkit.v1.frontend.Descriptor', {
  media_type: string(1),
  digest: string(2),
  size: safeInt64(3),
  annotations: map(string(5)),
});
export type Descriptor = Message<typeof descriptor>;

export const llbBridge = service('moby.buildkit.v1.frontend.LLBBridge', {
  ResolveImageConfig: unary(resolveImageConfigRequest, resolveImageConfigResponse),
  ResolveSourceMeta: unary(resolveSourceMetaRequest, resolveSourceMetaResponse),
  Solve: unary(solveRequest, solveResponse),
  ReadFile: unary(readFileRequest, readFileResponse),
  ReadDir: unary(readDirRequest, readDirResponse),
  StatFile: unary(statFileRequest, statFileResponse),
  Evaluate: unary(evaluateRequest, evaluateResponse),
  Ping: unary(pingRequest, pongResponse),
  Return: unary(returnRequest, returnResponse),
  Inputs: unary(inputsRequest, inputsResponse),
  NewContainer: unary(newContainerRequest, newContainerResponse),
  ReleaseContainer: unary(releaseContainerRequest, releaseContainerResponse),
  ExecProcess: bidiStream(execMessage, execMessage),
  ReadFileContainer: unary(readFileRequest, readFileResponse),
  ReadDirContainer: unary(readDirRequest, readDirResponse),
  StatFileContainer: unary(statFileRequest, statFileResponse),
  Warn: unary(warnRequest, warnResponse),
});
