import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/base/ids.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type CacheFixture, openCacheFixture } from '../../src/build/cache/testing/cache-fixture.ts';
import { type ExecInit, execNode, type LlbEdge, sourceNode } from '../../src/build/llb/index.ts';
import { type OpDeps, vertexOf } from '../../src/build/ops/index.ts';
import { openContextFolders } from '../../src/build/ops/sources/index.ts';
import type { BuildImage, BuildPorts } from '../../src/build/ports.ts';
import type { Session } from '../../src/build/session/index.ts';
import { type Progress, Solver } from '../../src/build/solver/index.ts';
import { layerKeys, type Tree } from '../../src/build/tree.ts';
import { type NetworkFixture, networkFixture } from '../../src/network/testing/network-fixture.ts';
import { hostFacts } from '../../src/runtime/index.ts';
import { busyboxEntries, tarArchive } from './busybox-image.ts';
import { never, TaskHost } from './task-host.ts';

/** What one build did. */
export interface BuildOutcome {
  readonly tree: Tree;
  readonly progress: readonly Progress[];
  /** Output of all steps. */
  readonly text: string;
  /** Names of the steps that ran. */
  readonly ran: readonly string[];
}

export interface BuildRequest {
  readonly entitlements?: readonly string[];
  readonly session?: Partial<Session>;
  readonly signal?: AbortSignal;
  readonly heard?: (progress: Progress) => void;
}

/** The ops of a builder on real snapshots, networks and tasks. Disposing asserts that nothing is left. */
export class BuildHost implements AsyncDisposable {
  readonly store: CacheFixture;
  readonly tasks: TaskHost;
  readonly networks: NetworkFixture;
  readonly ports: BuildPorts;
  readonly base: LlbEdge;
  readonly #contexts: ReturnType<typeof openContextFolders>;
  readonly #builds = new Map<string, { id: string; sessionId: string; entitlements: ReadonlySet<string> }>();
  readonly #sessions = new Map<string, Partial<Session>>();
  #count = 0;

  private constructor(store: CacheFixture, tasks: TaskHost, networks: NetworkFixture, image: BuildImage) {
    this.store = store;
    this.tasks = tasks;
    this.networks = networks;
    const unused = (): never => assert.fail('not used by these tests');
    const host = this;
    const images = { find: () => image, resolve: unused, pull: unused, add: unused, push: unused, repository: unused };
    const runFolder = join(tasks.execRoot, 'build');
    mkdirSync(runFolder, { recursive: true });
    this.ports = {
      get snapshots() {
        return host.store.snapshots;
      },
      get content() {
        return host.store.stores.content;
      },
      get collector() {
        return host.store.stores.collector;
      },
      images: images as unknown as BuildPorts['images'],
      get runtime() {
        return host.tasks.runtime;
      },
      networks: networks.networks,
      host: hostFacts(),
      dns: { servers: [], search: [], options: [] },
      imageLayers: () => new Set(),
      table: (name) => this.store.stores.db.table(name, { durable: false }),
      transaction: (change) => this.store.stores.db.transaction(change),
      folder: join(store.root, 'build'),
      runFolder,
      logger: silentLogger,
      proxyOf: () => undefined,
      limits: { ulimits: [], parallelSteps: 4, cacheBytes: undefined },
    };
    this.#contexts = openContextFolders(this.ports);
    this.base = { node: sourceNode({ identifier: 'docker-image://docker.io/library/base:1' }), output: 0 };
  }

  /** `dataRoot` is a folder that the test removes. */
  static async open(dataRoot?: string): Promise<BuildHost> {
    const store = await openCacheFixture({}, dataRoot);
    const diffId = await unpackBusybox(store);
    const tasks = await TaskHost.open();
    const networks = await networkFixture();
    return new BuildHost(store, tasks, networks, imageOf(diffId));
  }

  /** A step that runs a shell script over the busybox image, or over another one. */
  run(script: string, change: Partial<ExecInit> & { readonly env?: readonly string[] } = {}): LlbEdge {
    const { env = [], meta, ...rest } = change;
    const given = { args: ['/bin/sh', '-c', script], env: [`PATH=/bin`, ...env], cwd: '/', ...meta };
    const node = execNode({
      root: this.base,
      mounts: [],
      ...rest,
      meta: { removeMountStubsRecursive: true, ...given },
    });
    return { node, output: 0 };
  }

  get deps(): OpDeps {
    return {
      ports: this.ports,
      cache: this.store.cache,
      contexts: this.#contexts,
      builds: this.#builds,
      sessions: {
        get: async (id) => {
          const session = this.#sessions.get(id);
          assert.ok(session !== undefined);
          return session as Session;
        },
      } as OpDeps['sessions'],
    };
  }

  /** Builds an output, and returns its tree with what the client heard. @throws StepError */
  async build(edge: LlbEdge, request: BuildRequest = {}): Promise<BuildOutcome> {
    const id = `build-${++this.#count}`;
    const entitlements = new Set(request.entitlements ?? []);
    this.#builds.set(id, { id, sessionId: id, entitlements });
    this.#sessions.set(id, request.session ?? {});
    const solver = new Solver<Tree>({
      cache: this.store.cache,
      parallelSteps: () => 4,
      now: Date.now,
      failed: (error) => assert.fail(String(error)),
    });
    const progress: Progress[] = [];
    const hear = (each: Progress): void => {
      progress.push(each);
      request.heard?.(each);
    };
    const edges = vertexOf(edge, this.deps, { entitlements });
    using build = solver.open(id, hear, request.signal ?? never);
    const tree = await build.result(edges);
    return { tree, progress, text: textIn(progress), ran: ranIn(progress) };
  }

  /** Calls `look` with the folder of a tree. */
  async look<T>(tree: Tree, look: (path: string) => T): Promise<T> {
    if (tree.kind === 'folder') return look(tree.path);
    await using view = await this.store.snapshots.sealed.view(layerKeys(tree));
    return look(view.path);
  }

  /** Asserts that no step has left anything. */
  assertClean(): void {
    assert.deepEqual(this.store.snapshots.writables(), [], 'no writable is left');
    assert.deepEqual(readdirSync(this.ports.runFolder), [], 'no folder of a step is left');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.assertClean();
    await this.tasks[Symbol.asyncDispose]();
    await this.networks[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }
}

async function unpackBusybox({ root, snapshots }: CacheFixture): Promise<Digest> {
  const tar = tarArchive(await busyboxEntries());
  const path = join(root, 'base.tar');
  if (!existsSync(path)) writeFileSync(path, tar);
  const digest = `sha256:${createHash('sha256').update(tar).digest('hex')}` as Digest;
  await snapshots.unpack({ diffId: digest, parents: [] }, { path, digest }, never);
  return digest;
}

function imageOf(diffId: Digest): BuildImage {
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } };
  const descriptor = { mediaType: '', digest: diffId, size: 0 };
  return {
    id: diffId,
    manifest: { schemaVersion: 2, config: descriptor, layers: [] },
    manifestDescriptor: descriptor,
    target: descriptor,
    diffIds: [diffId],
    config: Buffer.from(JSON.stringify(config)),
  };
}

function textIn(progress: readonly Progress[]): string {
  return progress.map((each) => (each.kind === 'log' ? Buffer.from(each.bytes).toString() : '')).join('');
}

function ranIn(progress: readonly Progress[]): readonly string[] {
  const ran = new Map<string, string>();
  for (const each of progress) {
    if (each.kind !== 'vertex' || each.vertex.completed === undefined) continue;
    if (each.vertex.cached === true || each.vertex.name.startsWith('docker-image:')) continue;
    ran.set(each.vertex.digest, each.vertex.name);
  }
  return [...ran.values()];
}
