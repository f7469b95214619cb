import type { Digest } from '../../base/ids.ts';
import type { Platform } from '../../spec/index.ts';
import type { LlbEdge, LlbLocation } from '../llb/graph.ts';
import type { FrontendAttestation } from './attestation.ts';

/**
 * What a frontend may ask of the build that runs it. The protocol's LLBBridge offers the same to frontends in other
 * processes.
 */
export interface FrontendBridge {
  /**
   * Makes a node's output and returns a file of it, or its first bytes. @throws EngineError notFound where there is none;
   * as the solver otherwise
   */
  readFile(file: ReadFile, signal: AbortSignal): Promise<Buffer>;
  /** Returns the configuration of an image without its layers. @throws EngineError notFound, and the registry's errors */
  resolveImage(request: ResolveImage, signal: AbortSignal): Promise<ResolvedImage>;
  /** Lets another frontend answer: `gateway.v0` is an image, which the option `source` names. @throws GrpcError, EngineError */
  solve(frontend: string, request: FrontendRequest, signal: AbortSignal): Promise<FrontendResult>;
  /** Shows a warning to the client. */
  warn(warning: FrontendWarning): void;
  /** The default platform of builds. */
  readonly platform: Platform;
  /** The session of the client that asked for the build. */
  readonly sessionId: string;
}

export interface ReadFile {
  readonly edge: LlbEdge;
  readonly path: string;
  /** Bytes to read. Undefined reads all, which must be little. */
  readonly lengthMax?: number;
}

export interface ResolveImage {
  /** A name such as `docker.io/library/busybox:latest`, perhaps with a digest. */
  readonly ref: string;
  readonly platform: Platform | undefined;
  /** `local` prefers an image that is here, `pull` asks the registry. */
  readonly mode: 'default' | 'local' | 'pull';
  /** Text of the step that the client sees meanwhile, such as `[internal] load metadata for …`. */
  readonly logName: string;
  /** An OCI layout of the client, instead of a registry. */
  readonly layout?: { readonly sessionId: string; readonly storeId: string };
}

export interface ResolvedImage {
  /** The name with the digest of what it stands for: what the source op of this image names. */
  readonly ref: string;
  /** Digest of the manifest or index. */
  readonly digest: Digest;
  /** The image's configuration: JSON as it is stored. */
  readonly config: Uint8Array;
}

export interface FrontendWarning {
  readonly level: number;
  readonly short: string;
  readonly detail: readonly string[];
  readonly url: string;
  readonly location?: LlbLocation | undefined;
  /** The node that the warning is about. */
  readonly digest?: Digest;
}

/** A client's request to a frontend. */
export interface FrontendRequest {
  /** The attributes (`FrontendOpt`): `filename`, `build-arg:X`, `target`, … */
  readonly options: ReadonlyMap<string, string>;
  /** Graphs by name, for named contexts (`context:NAME` = `input:KEY`). */
  readonly inputs: ReadonlyMap<string, LlbEdge>;
}

/** What a frontend makes. */
export interface FrontendResult {
  /** One tree for each platform. Its id is '' where the client asked for one result. The edge of `scratch` is undefined. */
  readonly refs: readonly { readonly id: string; readonly edge: LlbEdge | undefined }[];
  /**
   * By BuildKit's keys: `containerimage.config`, `refs.platforms`, `containerimage.config/linux/amd64`,
   * `result.json`, …
   */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
  /** Statements about the trees, by their platforms: `linux/amd64`, also where the id of the tree is ''. None where it is left out. */
  readonly attestations?: ReadonlyMap<string, readonly FrontendAttestation[]>;
}

/** Turns a request into a graph. @throws EngineError; GrpcError with details that the client shows */
export type Frontend = (
  request: FrontendRequest,
  bridge: FrontendBridge,
  signal: AbortSignal,
) => Promise<FrontendResult>;
