import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { formatNanos } from '../base/time.ts';
import { hostPlatform } from '../spec/index.ts';
import type { OpenContainer } from './build-container.ts';
import type { BuildCacheRecord, Builder } from './builder.ts';
import { type BuildCache, type CacheItem, type CacheRecords, openBuildCache } from './cache/index.ts';
import { dropLostArchives, type KnownArchive, openExporters } from './exporters/index.ts';
import { dockerfileFrontend, type Frontend } from './frontend/index.ts';
import { BuildHistory, type HistoryRecord } from './history/index.ts';
import { type OpDeps, openContainer, restoreBuilds, vertexOf } from './ops/index.ts';
import { contextItems, describeSource, gitItems, openContextFolders } from './ops/sources/index.ts';
import type { BuildPorts } from './ports.ts';
import {
  buildPosted,
  createBuildServer,
  createWorkers,
  PostedUploads,
  solveByImage,
  type Workers,
} from './protocol/index.ts';
import { pruneOptions } from './prune-request.ts';
import { importCache, inlineCache, openCacheExporter } from './remote-cache/index.ts';
import { BuildRuns, registryAccess } from './runs/index.ts';
import { createSessions } from './session/index.ts';
import { Solver } from './solver/index.ts';
import type { Tree } from './tree.ts';

/** Clients learn from it what the builder's protocol has. */
const PROTOCOL_VERSION = 'v0.25.0-gantry';

/** Opens the builder on the engine's parts. `records` was opened before the collector, which asks it. */
export function createBuilder(ports: BuildPorts, records: CacheRecords): Builder {
  mkdirSync(ports.folder, { recursive: true, mode: 0o700 });
  const cache = openCache(ports, records);
  const sessions = createSessions();
  const contexts = openContextFolders(ports);
  cache.add(contextItems(contexts));
  cache.add(gitItems(ports));
  const history = openHistory(ports);
  const archives = ports.table<KnownArchive>('build_archives');
  const platform = hostPlatform();
  const solver = openSolver(ports, cache);
  const frontends = new Map<string, Frontend>([['dockerfile.v0', dockerfileFrontend({ mergesLinks: true })]]);
  const opDeps: OpDeps = {
    ...{ ports, cache, sessions, contexts },
    get builds() {
      return runs.running;
    },
  };
  const open: OpenContainer = (request, build, signal) => openContainer(opDeps, request, build, signal);
  const workers = openWorkers(ports);
  const onFault = faultLog(ports);
  const runs: BuildRuns = new BuildRuns({
    ...{ solver, frontends, sessions, platform },
    imageFrontend: (...asked) => solveByImage({ openContainer: open, workers, onFault }, ...asked),
    ...{ images: ports.images, snapshots: ports.snapshots },
    importCache: (asked, call) => importCache({ ...ports, cache }, asked, call),
    describeSource: (asked, context) => describeSource(opDeps, asked, context),
    vertexOf: (edge, build) => vertexOf(edge, opDeps, build),
  });
  const hostGateway = (): string | undefined => ports.networks.hostGateways[0];
  const uploads = new PostedUploads();
  const server = createBuildServer({
    ...{ runs, sessions, cache, history, platform },
    acceptSession: sessions.accept,
    openExporter: openExporters({ ...ports, archives, accessOf: (id, signal) => registryAccess(sessions, id, signal) }),
    openCacheExporter: (asked) => openCacheExporter({ ...ports, archives, cache }, asked),
    inlineCache: (made, layers) => inlineCache(cache, made, layers),
    content: ports.content,
    ...{ openContainer: open, workers, onFault },
  });
  return {
    serveGrpc: (connection, signal) => server.serve(connection, signal),
    acceptSession: (session, signal) => sessions.accept(session, signal),
    build: (posted, send, signal) =>
      buildPosted({ solve: server.solve, sessions, uploads, hostGateway }, posted, { send, signal }),
    diskUsage: () => diskUsage(cache),
    prune: (request, signal) => prune(cache, request, signal),
    cancel: (id) => runs.cancel(id),
    async restore() {
      await restoreBuilds(ports);
      dropLostArchives({ archives, content: ports.content });
    },
    async [Symbol.asyncDispose]() {
      runs[Symbol.dispose]();
      await sessions[Symbol.asyncDispose]();
      await history.idle();
      await cache[Symbol.asyncDispose]();
    },
  };
}

function openCache(ports: BuildPorts, records: CacheRecords): BuildCache {
  return openBuildCache({
    ...ports,
    ...{ records },
    get limits() {
      return ports.limits;
    },
  });
}

function faultLog({ logger }: BuildPorts): (error: unknown, path: string) => void {
  return (error, path) => logger.error({ err: error, path }, 'a call of the builder has failed');
}

function openSolver(ports: BuildPorts, cache: BuildCache): Solver<Tree> {
  return new Solver<Tree>({
    cache,
    parallelSteps: () => ports.limits.parallelSteps,
    now: Date.now,
    failed: (error) => ports.logger.warn({ error: messageOf(error) }, 'cannot release what a step of a build kept'),
  });
}

function openHistory({ table, folder, logger }: BuildPorts): BuildHistory {
  return new BuildHistory({ records: table<HistoryRecord>('build_history'), folder, logger, now: Date.now });
}

function openWorkers(ports: BuildPorts): Workers {
  const { host, networks, snapshots } = ports;
  return createWorkers({
    id: workerId(ports),
    snapshotter: snapshots.driver,
    version: PROTOCOL_VERSION,
    platform: hostPlatform(),
    architectureLevel: host.architectureLevel,
    hostGateway: () => networks.hostGateways[0],
    cacheBytes: ports.limits.cacheBytes,
  });
}

/** Clients know the builder by it. */
function workerId({ table }: BuildPorts): string {
  const workers = table<{ readonly id: string }>('build_worker');
  const known = workers.get('worker')?.id;
  if (known !== undefined) return known;
  const id = randomBytes(12).toString('hex');
  workers.put('worker', { id });
  return id;
}

async function diskUsage(cache: BuildCache): Promise<readonly BuildCacheRecord[]> {
  const items = await cache.usage([], new AbortController().signal);
  return items.map((item) => ({
    ID: shownId(item.id),
    ...(item.parents.length === 0 ? {} : { Parents: item.parents.map(shownId) }),
    Type: item.type,
    Description: item.description,
    InUse: item.isInUse,
    Shared: item.isShared,
    Size: item.sizeBytes,
    CreatedAt: timeOf(item.createdAt),
    LastUsedAt: timeOf(item.lastUsedAt),
    UsageCount: item.useCount,
  }));
}

async function prune(
  cache: BuildCache,
  request: Parameters<Builder['prune']>[0],
  signal: AbortSignal,
): ReturnType<Builder['prune']> {
  const removed: CacheItem[] = [];
  for await (const item of cache.prune(pruneOptions(request, Date.now()), signal)) removed.push(item);
  return {
    deleted: removed.map(({ id }) => shownId(id)),
    reclaimedBytes: removed.reduce((sum, { sizeBytes, isShared }) => sum + (isShared ? 0 : sizeBytes), 0),
  };
}

/** Clients show the first characters. */
function shownId(id: string): string {
  return id.replace(/^sha256:/, '');
}

function timeOf(milliseconds: number): string {
  return formatNanos(BigInt(Math.round(milliseconds)) * 1_000_000n);
}
