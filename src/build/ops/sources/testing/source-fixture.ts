import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '../../../../base/ids.ts';
import { silentLogger } from '../../../../base/logger.ts';
import { memoryRecords, type Records } from '../../../../base/records.ts';
import { type OpenSnapshots, openSnapshots, openStores, type Stores } from '../../../../store/index.ts';
import type { BuildPorts } from '../../../ports.ts';
import { createSessions, type OpenSessions } from '../../../session/index.ts';
import type { Op, StepStatus } from '../../../solver/index.ts';
import { layerKeys, type Tree } from '../../../tree.ts';
import type { DRIVERS } from '../../testing/ops-fixture.ts';
import { openContextFolders } from '../local/context-folders.ts';
import type { SourceDeps } from '../source.ts';
import { sourceOp } from '../source-op.ts';

/** A step that a build runs, or runs again. */
export interface SourceStep extends AsyncDisposable {
  readonly key: { readonly digest: Digest; readonly isLazy?: boolean };
  readonly reports: readonly StepStatus[];
  /** Runs the step, and shows what it made until the step ends. */
  run(): Promise<string>;
  tree(): Promise<Tree>;
}

export interface SourceFixture extends AsyncDisposable {
  readonly stores: Stores;
  readonly snapshots: OpenSnapshots;
  readonly sessions: OpenSessions;
  readonly deps: SourceDeps;
  /** Begins a step of a build that a client's session serves. @throws what the step throws */
  begin(
    identifier: string,
    attrs?: Readonly<Record<string, string>>,
    sessionId?: string,
    signal?: AbortSignal,
  ): Promise<SourceStep>;
}

/** Sources on real stores. */
export async function openSourceFixture(
  images?: Partial<BuildPorts['images']>,
  driver: 'auto' | (typeof DRIVERS)[number] = 'auto',
): Promise<SourceFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-source-'));
  const mountRoot = join(folder, 'mounts');
  mkdirSync(mountRoot);
  const dataRoot = join(folder, 'data');
  const snapshots = openSnapshots({ dataRoot, mountRoot, driver, logger: silentLogger });
  const stores = await openStores({ dataRoot, logger: silentLogger, openSnapshots: () => snapshots });
  const sessions = createSessions();
  const tables = new Map<string, Records<unknown>>();
  const table = <T>(name: string): Records<T> => {
    if (!tables.has(name)) tables.set(name, memoryRecords());
    return tables.get(name) as Records<T>;
  };
  const { content, collector } = stores;
  const buildFolder = join(dataRoot, 'build');
  mkdirSync(buildFolder);
  const ports = {
    ...{ snapshots, content, collector, table, images, folder: buildFolder, logger: silentLogger },
    proxyOf: () => undefined,
  } as unknown as BuildPorts;
  const builds = new Map<string, { id: string; sessionId: string; entitlements: ReadonlySet<string> }>();
  const contexts = openContextFolders(ports);
  const deps: SourceDeps = { ports, sessions, contexts, builds };
  return {
    ...{ stores, snapshots, sessions, deps },
    async begin(identifier, attrs = {}, sessionId = '', signal = new AbortController().signal) {
      builds.set('b', { id: 'b', sessionId, entitlements: new Set() });
      const source = { identifier, attrs: new Map(Object.entries(attrs)) };
      const op = sourceOp({ op: { source, platform: undefined } } as never, deps);
      return await beginStep(op, snapshots, signal);
    },
    async [Symbol.asyncDispose]() {
      await sessions[Symbol.asyncDispose]();
      await stores.close();
      // With a mount of a failed test, this would delete through the mount.
      if (readFileSync('/proc/self/mountinfo', 'utf8').includes(folder)) throw new Error(`${folder} has mounts`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function beginStep(op: Op<Tree>, snapshots: OpenSnapshots, signal: AbortSignal): Promise<SourceStep> {
  await using kept = new AsyncDisposableStack();
  const reports: StepStatus[] = [];
  const context = {
    signal,
    builds: () => ['b'],
    log: () => undefined,
    report: (status: StepStatus) => void reports.push(status),
    warn: () => undefined,
    keep: (resource: AsyncDisposable) => void held.use(resource),
  };
  const held = kept.use(new AsyncDisposableStack());
  const key = await op.cacheKey(context);
  let tree: Promise<Tree> | undefined;
  const made = async (): Promise<Tree> => {
    tree ??= op.run([], context).then(([first]) => first as Tree);
    return await tree;
  };
  const ends = kept.move();
  return {
    ...{ key, reports },
    tree: made,
    async run() {
      const found = await made();
      if (found.kind === 'folder') return found.path;
      const view = await snapshots.sealed.view(layerKeys(found));
      held.use(view);
      return view.path;
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
