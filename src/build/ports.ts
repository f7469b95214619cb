import type { Digest } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Records } from '../base/records.ts';
import type { Credentials, ProxyRule, Repository } from '../distribution/index.ts';
import type { Networks } from '../network/index.ts';
import type { HostFacts, TaskRuntime } from '../runtime/index.ts';
import type { Descriptor, Manifest, Platform, Reference, Ulimit } from '../spec/index.ts';
import type { Collector, ContentStore, LayerKey, OpenSnapshots } from '../store/index.ts';

/** What the builder needs of the engine. `daemon/wiring` fills it. */
export interface BuildPorts {
  readonly snapshots: OpenSnapshots;
  readonly content: ContentStore;
  readonly collector: Collector;
  readonly images: BuildImages;
  readonly runtime: TaskRuntime;
  readonly networks: Networks;
  readonly host: HostFacts;
  /** The resolver's settings of the engine, as containers have them. */
  readonly dns: BuildResolver;
  /** The layers that images stand on. */
  readonly imageLayers: () => ReadonlySet<LayerKey>;
  /** Opens a table of state.db. Records of builds need not survive a power cut. */
  readonly table: <T>(name: `build_${string}`) => Records<T>;
  /** Several changes of tables at once. */
  readonly transaction: (change: () => void) => void;
  /** For files that the builder keeps: `<data root>/build`. */
  readonly folder: string;
  /** For files of steps that run: `<exec root>/build`. It is gone after a restart of the machine. */
  readonly runFolder: string;
  readonly logger: Logger;
  /** The engine's proxies, for downloads. */
  readonly proxyOf: ProxyRule;
  readonly limits: BuildLimits;
}

/** What replaces parts of the host's resolv.conf. Empty for what the host has. */
export interface BuildResolver {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export interface BuildLimits {
  /** Limits of processes of steps, unless the build gives others of the same name. */
  readonly ulimits: readonly Ulimit[];
  /** Most steps at a time, of all builds. */
  readonly parallelSteps: number;
  /** Limits of the cache, as `builder.gc` of daemon.json says. Undefined where the cache is not limited. */
  readonly cacheBytes: number | undefined;
}

/** An image that is here, for one platform. */
export interface BuildImage {
  /** Digest of the configuration. */
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  /** The manifest, or the index that has it. */
  readonly target: Descriptor;
  readonly diffIds: readonly Digest[];
  /** The configuration as it is stored. */
  readonly config: Uint8Array;
}

/** Images, as the builder uses them. */
export interface BuildImages {
  /** Finds an image that is here, by name or digest, for a platform. */
  find(ref: string, platform: Platform | undefined): BuildImage | undefined;
  /**
   * Returns the configuration of an image of a registry, without its layers, and the digest that the name stands for.
   * @throws EngineError notFound, unauthorized, unavailable
   */
  resolve(
    ref: string,
    platform: Platform | undefined,
    access: RegistryAccess,
    signal: AbortSignal,
  ): Promise<{ readonly digest: Digest; readonly config: Uint8Array }>;
  /**
   * Pulls an image and unpacks it. It gets no name: what it consists of may be deleted once the result is disposed, unless
   * a record of the cache keeps it by then. @throws as {@link resolve}; noSpace
   */
  pull(
    ref: string,
    platform: Platform | undefined,
    access: RegistryAccess & { readonly progress: (line: PullProgress) => void },
    signal: AbortSignal,
  ): Promise<BuildImage & AsyncDisposable>;
  /**
   * Adds a built image with its content, and moves names to it. The images of an index come with it. Announces the tags.
   * @throws EngineError invalid, noSpace
   */
  add(image: NewBuildImage): void;
  /** Pushes what a build has made, which need not be an image of the engine. Without a tag in the name the registry gets none. */
  pushContent(
    image: { readonly descriptor: Descriptor; readonly name: string },
    access: RegistryAccess & { readonly progress: (line: PullProgress) => void },
    signal: AbortSignal,
  ): Promise<void>;
  /** Opens a repository of a registry, for caches. */
  repository(reference: Reference, access: RegistryAccess): Promise<Repository>;
  /** Pushes a name's image. @throws EngineError */
  push(
    name: string,
    access: RegistryAccess & { readonly progress: (line: PullProgress) => void },
    signal: AbortSignal,
  ): Promise<void>;
}

export interface NewBuildImage {
  readonly descriptor: Descriptor;
  /** The manifests with their layers here: the target itself, or the platforms of an index. */
  readonly manifests: readonly Descriptor[];
  /** Attestations. */
  readonly attachments: readonly Descriptor[];
  /** Canonical, such as `docker.io/library/web:1`. */
  readonly names: readonly string[];
}

export interface RegistryAccess {
  /** Asks the client for the credentials of a reference's domain, such as `docker.io`. */
  readonly credentials: (domain: string) => Promise<Credentials>;
}

/** A layer on its way. */
export interface PullProgress {
  readonly id: string;
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}
