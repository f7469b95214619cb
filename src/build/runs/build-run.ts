import { randomBytes } from 'node:crypto';
import { EngineError, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Platform } from '../../spec/index.ts';
import type { OpenSnapshots } from '../../store/index.ts';
import type { RunningBuild } from '../builds.ts';
import type {
  Frontend,
  FrontendBridge,
  FrontendRequest,
  FrontendResult,
  FrontendWarning,
  ResolvedImage,
  ResolveImage,
} from '../frontend/bridge.ts';
import { type LlbEdge, type LlbNode, nodesOf } from '../llb/index.ts';
import type { BuildImages } from '../ports.ts';
import type { AskedCache, ImportCall, ImportedCache } from '../remote-cache/index.ts';
import type { Sessions } from '../session/session.ts';
import type { Build, Edge, Solver, StepContext, StepStatus, VertexProgress } from '../solver/index.ts';
import type { DescribeSource, SourceFacts } from '../source-facts.ts';
import { EMPTY_TREE, type Tree } from '../tree.ts';
import { askedCaches, cacheName } from './asked-caches.ts';
import { ProgressLog } from './progress-log.ts';
import { nameDigest, registryAccess, resolveImage, resolveLayoutImage } from './resolve-image.ts';
import { solveError } from './solve-error.ts';
import { openTree, readTreeFile } from './tree-reader.ts';

export interface RunDeps {
  readonly solver: Solver<Tree>;
  /** @throws EngineError forbidden for what the build is not allowed */
  readonly vertexOf: (edge: LlbEdge, build: RunningBuild) => Edge<Tree>;
  /** Says what a repository's name or an address stands for. @throws EngineError */
  readonly describeSource: (asked: DescribeSource, context: StepContext) => Promise<SourceFacts>;
  /** By the names that clients use, such as `dockerfile.v0`. */
  readonly frontends: ReadonlyMap<string, Frontend>;
  /** The frontend `gateway.v0`: an image, which drives the build from a container. */
  readonly imageFrontend: ImageFrontend;
  readonly images: BuildImages;
  readonly snapshots: Pick<OpenSnapshots, 'sealed'>;
  readonly sessions: Sessions;
  /** Reads the records of a cache elsewhere. @throws EngineError */
  readonly importCache: (asked: AskedCache, call: ImportCall) => Promise<readonly ImportedCache[]>;
  /** The default platform of builds. */
  readonly platform: Platform;
}

export type ImageFrontend = (run: BuildRun, request: FrontendRequest, signal: AbortSignal) => Promise<FrontendResult>;

export interface RunRequest {
  readonly id: string;
  readonly sessionId: string;
  readonly entitlements: ReadonlySet<string>;
}

export interface AskedFrontend {
  readonly frontend: string;
  readonly options: ReadonlyMap<string, string>;
}

const IMAGE_FRONTEND = 'gateway.v0';
/** Most frontends in containers at a time. Several platforms may have one each. */
const MAX_IMAGES = 32;

/**
 * A build under way: what its client and its frontend may do with it. It ends when it is disposed, or with its signal; the
 * steps that only it needs end then.
 */
export class BuildRun implements RunningBuild, Disposable {
  readonly id: string;
  readonly sessionId: string;
  readonly entitlements: ReadonlySet<string>;
  readonly progress = new ProgressLog();
  readonly signal: AbortSignal;
  readonly #deps: RunDeps;
  readonly #abort = new AbortController();
  readonly #build: Build<Tree>;
  readonly #read = new Set<LlbNode>();
  /** Frontends in containers that run. */
  #images = 0;
  #asked: AskedFrontend = { frontend: '', options: new Map() };
  /** What the build keeps until its end. */
  readonly #kept = new DisposableStack();
  readonly #importing = new Map<string, Promise<void>>();
  readonly #imported: ImportedCache[] = [];
  readonly #resolved = new Map<string, Promise<ResolvedImage>>();

  constructor(deps: RunDeps, { id, sessionId, entitlements }: RunRequest, signal: AbortSignal) {
    this.id = id;
    this.sessionId = sessionId;
    this.entitlements = entitlements;
    this.#deps = deps;
    this.signal = AbortSignal.any([signal, this.#abort.signal]);
    this.#build = deps.solver.open(id, (progress) => this.progress.add(progress), this.signal);
  }

  /** The frontend that was asked last. Its name is '' before that. */
  get asked(): AskedFrontend {
    return this.#asked;
  }

  /** The sources of what frontends have read. */
  get read(): ReadonlySet<LlbNode> {
    return this.#read;
  }

  /** Lets a frontend turn a request into graphs. Nothing of them has run yet. @throws GrpcError, EngineError */
  async solve(frontend: string, request: FrontendRequest, signal: AbortSignal): Promise<FrontendResult> {
    const built = this.#deps.frontends.get(frontend);
    if (built === undefined && frontend !== IMAGE_FRONTEND)
      throw new EngineError('failed', `unknown frontend: ${frontend}`);
    this.#asked = { frontend, options: request.options };
    if (built === undefined) return await this.#described(() => this.#solveByImage(request, signal));
    const importing = this.importCaches(askedCaches(request.options));
    const result = await this.#described(() => built(request, this.#bridge(), signal));
    await importing;
    return result;
  }

  /** Makes what an edge stands for; undefined stands for the tree without files. @throws GrpcError with details */
  async tree(edge: LlbEdge | undefined): Promise<Tree> {
    if (edge === undefined) return EMPTY_TREE;
    return await this.#described(() => this.#build.result(this.#deps.vertexOf(edge, this)), edge);
  }

  /** Returns the id of an edge's record, for an export of the cache. @throws as {@link tree} */
  async record(edge: LlbEdge): Promise<Digest> {
    return await this.#described(() => this.#build.record(this.#deps.vertexOf(edge, this)), edge);
  }

  /** What the caches that the build imports know. */
  get imported(): readonly ImportedCache[] {
    return this.#imported;
  }

  /**
   * Lets the steps of the build use caches of a registry or the client. As with BuildKit, one that cannot be read is a step that
   * fails, and the build goes on.
   */
  async importCaches(asked: readonly AskedCache[]): Promise<void> {
    await Promise.all(
      asked.map((cache) => {
        const key = JSON.stringify([cache.type, [...cache.attrs].toSorted()]);
        const importing = this.#importing.get(key) ?? this.#importCache(cache);
        this.#importing.set(key, importing);
        return importing;
      }),
    );
  }

  /** Runs work on the tree of an edge, as a folder of the host. @throws as {@link tree}, and what `work` throws */
  async withTree<T>(edge: LlbEdge | undefined, work: (root: string) => Promise<T>): Promise<T> {
    await using opened = await openTree(this.#deps.snapshots, await this.tree(edge));
    return await work(opened.path);
  }

  /** Returns the configuration of an image. The client sees a step meanwhile. Asked once for equal requests. */
  resolveImage(request: ResolveImage, signal: AbortSignal): Promise<ResolvedImage> {
    const { ref, platform, mode, logName, layout } = request;
    const key = JSON.stringify([ref, platform ?? null, mode, layout ?? null]);
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const access = registryAccess(this.#deps.sessions, this.sessionId, signal);
    const step = { name: logName, digest: nameDigest('metadata', logName, key) };
    const found = this.step(step, () =>
      layout === undefined
        ? resolveImage(this.#deps.images, request, { access, signal })
        : resolveLayoutImage(this.#deps.sessions, { ...request, layout }, signal),
    );
    this.#resolved.set(key, found);
    found.catch(() => this.#resolved.delete(key));
    return found;
  }

  /** Says what a repository's name or an address stands for at the moment. The client sees a step meanwhile. @throws EngineError */
  async describeSource(asked: DescribeSource & { readonly logName: string }, given: AbortSignal): Promise<SourceFacts> {
    const signal = AbortSignal.any([given, this.signal]);
    await using kept = new AsyncDisposableStack();
    return await this.step({ name: asked.logName }, (report, log) =>
      this.#deps.describeSource(asked, {
        ...{ signal, report, log },
        builds: () => [this.id],
        warn: () => undefined,
        keep: (resource) => void kept.use(resource),
      }),
    );
  }

  /** Shows work that is no step of a graph as one to the client. */
  async step<T>(
    { name, digest = nameDigest(randomBytes(16).toString('hex')) }: { readonly name: string; readonly digest?: Digest },
    work: (report: (status: StepStatus) => void, log: (stream: 1 | 2, bytes: Uint8Array) => void) => Promise<T>,
  ): Promise<T> {
    const begun: VertexProgress = { digest, name, inputs: [], started: Date.now() };
    this.progress.add({ kind: 'vertex', vertex: begun });
    const report = (status: StepStatus): void =>
      this.progress.add({ kind: 'status', vertex: digest, status: { ...status, at: Date.now() } });
    const log = (stream: 1 | 2, bytes: Uint8Array): void =>
      this.progress.add({ kind: 'log', vertex: digest, stream, bytes, at: Date.now() });
    try {
      const result = await work(report, log);
      this.progress.add({ kind: 'vertex', vertex: { ...begun, completed: Date.now() } });
      return result;
    } catch (error) {
      this.progress.add({ kind: 'vertex', vertex: { ...begun, completed: Date.now(), error: messageOf(error) } });
      throw error;
    }
  }

  warn({ short, detail, url, location, digest, level }: FrontendWarning): void {
    const warning = { short, detail, url, place: location, level };
    this.progress.add({ kind: 'warning', vertex: digest ?? nameDigest('frontend', this.id), warning });
  }

  /** Ends the build before its time. */
  cancel(): void {
    this.#abort.abort(new EngineError('cancelled', 'context canceled'));
  }

  [Symbol.dispose](): void {
    this.cancel();
    this.#build[Symbol.dispose]();
    this.#kept.dispose();
    this.progress.end(Date.now());
  }

  async #solveByImage(request: FrontendRequest, signal: AbortSignal): Promise<FrontendResult> {
    if (this.#images >= MAX_IMAGES) throw new EngineError('invalid', 'frontends ask for each other without end');
    this.#images += 1;
    try {
      return await this.#deps.imageFrontend(this, request, signal);
    } finally {
      this.#images -= 1;
    }
  }

  async #importCache(asked: AskedCache): Promise<void> {
    const { sessions, importCache } = this.#deps;
    const { signal, sessionId } = this;
    const access = registryAccess(sessions, sessionId, signal);
    const session = () => sessions.get(sessionId, signal);
    const keep = (resource: Disposable): void => {
      if (this.#kept.disposed) resource[Symbol.dispose]();
      else this.#kept.use(resource);
    };
    const step = { name: `importing cache manifest from ${cacheName(asked)}` };
    try {
      const found = await this.step(step, (report) => importCache(asked, { ...access, session, report, keep, signal }));
      for (const imported of found) {
        this.#imported.push(imported);
        this.#build.use(imported);
      }
    } catch {
      // The client has seen it.
    }
  }

  #bridge(): FrontendBridge {
    return {
      readFile: ({ edge, path, lengthMax = 0 }) => {
        for (const node of nodesOf(edge)) this.#read.add(node);
        return this.withTree(edge, (root) => readTreeFile(root, path, { offset: 0, length: lengthMax }));
      },
      resolveImage: (request, signal) => this.resolveImage(request, signal),
      solve: (frontend, request, signal) => this.solve(frontend, request, signal),
      warn: (warning) => this.warn(warning),
      platform: this.#deps.platform,
      sessionId: this.sessionId,
    };
  }

  async #described<T>(work: () => Promise<T>, edge?: LlbEdge): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw solveError(error, edge === undefined ? [] : nodesOf(edge));
    }
  }
}
