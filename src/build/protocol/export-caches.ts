import type { SolveRequest } from '../../grpc/messages/control.ts';
import { mountType } from '../../grpc/messages/pb.ts';
import type { ExportedPlatform } from '../exporters/index.ts';
import { type LlbEdge, nodesOf } from '../llb/index.ts';
import type { AskedCache, CacheExporter, inlineCache } from '../remote-cache/index.ts';
import { type BuildRun, registryAccess } from '../runs/index.ts';
import type { Sessions } from '../session/session.ts';

export interface ExportCachesDeps {
  readonly sessions: Sessions;
  /** @throws EngineError failed for an unknown type; invalid for attributes */
  readonly openCacheExporter: (asked: AskedCache) => CacheExporter;
  readonly inlineCache: (
    ...args: Parameters<typeof inlineCache> extends [unknown, ...infer Rest] ? Rest : never
  ) => Promise<string>;
}

/** The `--cache-to` of a build. */
export interface CacheExports {
  readonly isInline: boolean;
  readonly exporters: readonly CacheExporter[];
}

/** A result with the edge that it was made from. */
export interface MadePlatform {
  readonly platform: ExportedPlatform;
  readonly edge: LlbEdge | undefined;
}

/** Opens what a request wants, before anything runs. @throws EngineError */
export function openCacheExports({ openCacheExporter }: ExportCachesDeps, { Cache }: SolveRequest): CacheExports {
  const asked = (Cache?.Exports ?? []).map(({ Type: type, Attrs: attrs }): AskedCache => ({ type, attrs }));
  const older = Cache?.ExportRefDeprecated ?? '';
  if (older !== '') {
    asked.push({ type: 'registry', attrs: new Map([['ref', older], ...(Cache?.ExportAttrsDeprecated ?? [])]) });
  }
  return {
    isInline: asked.some(({ type }) => type === 'inline'),
    exporters: asked.filter(({ type }) => type !== 'inline').map((each) => openCacheExporter(each)),
  };
}

/** Lets the image of a platform carry its own cache. */
export function withInlineCache(
  { inlineCache: inline }: ExportCachesDeps,
  { run, made }: { readonly run: BuildRun; readonly made: MadePlatform },
): ExportedPlatform {
  const { platform, edge } = made;
  const { tree } = platform;
  if (edge === undefined || tree.kind !== 'layers') return platform;
  return {
    ...platform,
    inlineCache: async (layers) => inline({ record: await run.record(edge), tree, imports: run.imported }, layers),
  };
}

/** Gives the cache of a build away. Returns what the client hears. @throws EngineError, unless errors are to be ignored */
export async function exportCaches(
  { sessions }: ExportCachesDeps,
  { exporters }: CacheExports,
  { run, made }: { readonly run: BuildRun; readonly made: readonly MadePlatform[] },
): Promise<ReadonlyMap<string, string>> {
  const responses = new Map<string, string>();
  if (exporters.length === 0) return responses;
  const { sessionId, signal, imported: imports } = run;
  const access = registryAccess(sessions, sessionId, signal);
  const session = () => sessions.get(sessionId, signal);
  const records = await Promise.all(made.flatMap(({ edge }) => (edge === undefined ? [] : [run.record(edge)])));
  const trees = made.flatMap(({ platform: { tree } }) => (tree.kind === 'layers' ? [tree] : []));
  const mounts = cacheMountsOf(made);
  for (const { name, ignoresErrors, run: exportCache } of exporters) {
    try {
      const call = (report: Parameters<typeof exportCache>[1]['report']) => ({ ...access, session, report, signal });
      const told = await run.step({ name }, (report) => exportCache({ records, trees, imports, mounts }, call(report)));
      for (const [key, value] of told) responses.set(key, value);
    } catch (error) {
      if (!ignoresErrors || signal.aborted) throw error;
    }
  }
  return responses;
}

/** Ids of the cache mounts of a build's steps. */
function cacheMountsOf(made: readonly MadePlatform[]): readonly string[] {
  const ids = new Set<string>();
  for (const { edge } of made) {
    for (const { op } of edge === undefined ? [] : nodesOf(edge)) {
      for (const { mountType: type, cacheOpt } of op.exec?.mounts ?? []) {
        if (type === mountType.CACHE) ids.add(cacheOpt?.ID ?? '');
      }
    }
  }
  return [...ids].toSorted();
}
