import { EngineError } from '../../../base/errors.ts';
import { parseReference, withDefaultTag } from '../../../spec/index.ts';
import type { Lease } from '../../../store/index.ts';
import type { BuildCache } from '../../cache/index.ts';
import { type StoreLayersDeps, storeLayers } from '../../exporters/index.ts';
import type { BuildPorts } from '../../ports.ts';
import { reported } from '../../solver/index.ts';
import type { LayeredTree } from '../../tree.ts';
import type { CacheGraph, RemoteLayer } from '../format/cache-graph.ts';
import type { AskedCache, ImportCall } from '../import/import-cache.ts';
import { packMounts } from '../mounts/pack-mounts.ts';
import { type CacheTarget, folderTarget, registryTarget } from './cache-target.ts';
import { type CacheExportOptions, exportOptions, required } from './export-options.ts';
import { graphOfBuild, type MadeResults, type StoredTree } from './graph-of-build.ts';
import { writeCache } from './write-cache.ts';

export interface CacheExportDeps extends StoreLayersDeps {
  readonly cache: Pick<BuildCache, 'open' | 'keysOf' | 'mounts'>;
  readonly content: BuildPorts['content'];
  readonly collector: BuildPorts['collector'];
  readonly images: Pick<BuildPorts['images'], 'repository'>;
}

export interface ExportedCache extends Pick<MadeResults, 'records' | 'imports'> {
  /** The build's results. */
  readonly trees: readonly LayeredTree[];
  /** Ids of the cache mounts of its steps. */
  readonly mounts: readonly string[];
}

/** Gives the cache of a build away, after its results. */
export interface CacheExporter {
  /** Text of the step that the client sees. */
  readonly name: string;
  readonly ignoresErrors: boolean;
  /** Returns what the client hears. @throws EngineError */
  run(made: ExportedCache, call: CacheExportCall): Promise<ReadonlyMap<string, string>>;
}

export type CacheExportCall = Omit<ImportCall, 'keep'>;

type OpenTarget = (call: CacheExportCall) => Promise<CacheTarget>;

/** @throws EngineError failed for an unknown type; invalid for attributes */
export function openCacheExporter(deps: CacheExportDeps, { type, attrs }: AskedCache): CacheExporter {
  if (type === 'registry') {
    const reference = withDefaultTag(parseReference(required(attrs, 'ref', type)));
    return exporter(deps, { name: 'exporting cache to registry', options: optionsOf(type, attrs) }, async (call) => {
      const repository = await deps.images.repository(reference, call);
      return registryTarget(repository, reference.tag ?? '');
    });
  }
  if (type === 'local') {
    const folder = required(attrs, 'dest', type);
    const options = optionsOf(type, attrs);
    return exporter(deps, { name: 'exporting cache to client directory', options }, async (call) =>
      folderTarget((await call.session()).content(`local:${folder}`)),
    );
  }
  throw new EngineError('failed', `unknown cache exporter: ${JSON.stringify(type)}`);
}

function optionsOf(type: string, attrs: ReadonlyMap<string, string>): CacheExportOptions {
  try {
    return exportOptions(attrs);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `failed to configure ${type} cache exporter: ${error.message}`, { cause: error });
  }
}

function exporter(
  deps: CacheExportDeps,
  { name, options }: { readonly name: string; readonly options: CacheExportOptions },
  open: OpenTarget,
): CacheExporter {
  return {
    name,
    ignoresErrors: options.ignoresErrors,
    async run(made, call) {
      await using lease = deps.collector.lease();
      const target = await open(call);
      const graph = await reported(call, 'preparing build cache for export', () =>
        graphOf(deps, made, { ...call, options, lease }),
      );
      const mounts = options.withMounts
        ? await reported(call, 'packing cache mounts', () => packMounts(deps, made.mounts, { ...call, lease }))
        : [];
      const { imports } = made;
      const manifest = await writeCache(deps.content, { graph, mounts, target }, { ...call, options, imports, lease });
      return new Map([['cache.manifest', JSON.stringify(manifest)]]);
    },
  };
}

async function graphOf(
  deps: CacheExportDeps,
  { records, trees, imports }: ExportedCache,
  {
    options,
    lease,
    signal,
  }: Pick<CacheExportCall, 'signal'> & { readonly options: CacheExportOptions; readonly lease: Lease },
): Promise<CacheGraph> {
  const { compression, forceCompression, mode } = options;
  const stored = (tree: LayeredTree): Promise<readonly RemoteLayer[]> =>
    storeLayers(deps, tree, { options: { compression, forceCompression, clampSeconds: undefined }, lease, signal });
  const results: StoredTree[] = [];
  for (const tree of trees) results.push({ tree, layers: await stored(tree) });
  return await graphOfBuild(deps.cache, { records, trees: results, imports }, mode === 'max' ? stored : undefined);
}
