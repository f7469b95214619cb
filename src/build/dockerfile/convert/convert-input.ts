import type { IgnoreRules, Platform } from '../../../spec/index.ts';
import type { LlbEdge, LlbSource } from '../../llb/graph.ts';
import type { RuleName } from '../lint/rules.ts';
import type { Range } from '../location.ts';
import type { ScanTargets } from './scan-targets.ts';

/** What a conversion needs of the build that it is for. */
export interface ConvertDeps {
  /** Returns the configuration of an image, and the name with its digest. @throws EngineError */
  resolveImage(
    request: { readonly ref: string; readonly platform: Platform; readonly logName: string },
    signal: AbortSignal,
  ): Promise<{ readonly ref: string; readonly config: Uint8Array }>;
  /** Returns the context that the client gave that name. @throws EngineError */
  namedContext(name: string, platform: Platform, signal: AbortSignal): Promise<NamedContext | undefined>;
  /** Reads the `.dockerignore` of the build's context. @throws EngineError */
  ignoreRules(signal: AbortSignal): Promise<IgnoreRules>;
  /** The build's own context, or what is needed of it. Undefined `paths` are all. */
  context(rules: IgnoreRules, paths: readonly string[] | undefined): LlbEdge | undefined;
  /** Reports a violation of a rule that needs more than the file. */
  warn(rule: RuleName, range: Range, detail: string): void;
}

/** Files that stand for a stage or an image of that name. */
export interface NamedContext {
  /** The files, or what is needed of them. Undefined `paths` are all. Undefined is the empty tree. */
  edge(paths?: readonly string[]): LlbEdge | undefined;
  /** The configuration, where the context is an image. */
  readonly config?: Uint8Array | undefined;
}

export interface ConvertInput {
  readonly text: string;
  readonly source: LlbSource;
  /** The name of the stage to build. The last one by default. */
  readonly target: string | undefined;
  readonly targetPlatform: Platform;
  /** Whether the client did not choose it: then the image is of its base's platform. */
  readonly isTargetImplicit: boolean;
  readonly buildPlatform: Platform;
  /** Whether names of steps have the platform. */
  readonly isMultiPlatform: boolean;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** Names of stages, in lower case, whose steps run again. */
  readonly noCache: ReadonlySet<string> | 'all' | undefined;
  /** How to find images: `local`, `pull` or `default`. */
  readonly resolveMode: string;
  /** Whether COPY --link makes a layer of its own. */
  readonly mergesLinks: boolean;
  readonly run: RunOptions;
  /** Seconds since the epoch: the time of all that the build makes. */
  readonly epochSeconds: number | undefined;
}

/** What the client says about all RUN steps. */
export interface RunOptions {
  readonly extraHosts: readonly { readonly Host: string; readonly IP: string }[];
  readonly ulimits: readonly { readonly Name: string; readonly Soft: bigint; readonly Hard: bigint }[];
  readonly shmBytes: number;
  readonly cgroupParent: string;
  readonly hostname: string;
  /** A value of `netMode`. */
  readonly network: number;
  readonly cacheNamespace: string;
  readonly resources: RunResources | undefined;
}

/** Limits, which are no part of the cache's keys. */
export interface RunResources {
  readonly memory: number;
  readonly memorySwap: number;
  readonly cpuShares: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

export interface Converted {
  /** Undefined is the empty tree. */
  readonly edge: LlbEdge | undefined;
  /** The image's configuration: JSON without layers of its own. */
  readonly config: Buffer;
  readonly platform: Platform;
  /** The configuration of the image at the bottom, as it is stored. Undefined without one. */
  readonly baseConfig: Uint8Array | undefined;
  readonly scanned: ScanTargets;
}
