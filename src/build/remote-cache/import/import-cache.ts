import { EngineError } from '../../../base/errors.ts';
import { parseDigest } from '../../../base/ids.ts';
import { parseReference, withDefaultTag } from '../../../spec/index.ts';
import type { BuildCache } from '../../cache/index.ts';
import { flag } from '../../exporters/index.ts';
import type { BuildPorts } from '../../ports.ts';
import type { Session } from '../../session/index.ts';
import type { StepStatus } from '../../solver/index.ts';
import { indexRecords } from '../format/record-index.ts';
import { fillFrom } from '../mounts/mounts-of-cache.ts';
import { type CacheSource, folderSource, registrySource } from './cache-source.ts';
import type { ImportedCacheDeps } from './fetch-blob.ts';
import { type ImportedCache, openImportedCache } from './imported-cache.ts';
import { type ReadCache, readCache } from './read-cache.ts';

export interface ImportDeps extends ImportedCacheDeps {
  readonly images: Pick<BuildPorts['images'], 'repository'>;
  readonly cache: Pick<BuildCache, 'open' | 'mounts'>;
}

/** One `--cache-from` of a client. */
export interface AskedCache {
  readonly type: string;
  readonly attrs: ReadonlyMap<string, string>;
}

export interface ImportCall {
  /** The client's session. @throws EngineError notFound */
  session(): Promise<Session>;
  readonly credentials: Parameters<BuildPorts['images']['repository']>[1]['credentials'];
  readonly report: (status: StepStatus) => void;
  /** Keeps something until the build ends. */
  readonly keep: (resource: Disposable) => void;
  readonly signal: AbortSignal;
}

/** Reads the records of a cache. @throws EngineError for whatever is wrong with it: the build goes on without it */
export async function importCache(
  deps: ImportDeps,
  asked: AskedCache,
  call: ImportCall,
): Promise<readonly ImportedCache[]> {
  const { source, read } = await opened(deps, asked, call);
  const { graphs, mediaType } = read;
  const at = Date.now();
  call.report({ id: `inferred cache manifest type: ${mediaType}`, started: at, completed: at });
  if (flag(asked.attrs, 'mounts') === true) {
    for (const mount of read.mounts) call.keep(deps.cache.mounts.offer(mount.id, fillFrom(deps, source, mount)));
  }
  using lease = deps.cache.open();
  const imported: ImportedCache[] = [];
  for (const graph of graphs) {
    imported.push(openImportedCache(deps, source, await indexRecords(graph, (key) => lease.find(key))));
  }
  return imported;
}

async function opened(
  deps: ImportDeps,
  asked: AskedCache,
  call: ImportCall,
): Promise<{ readonly source: CacheSource; readonly read: ReadCache }> {
  try {
    const source = await sourceOf(deps, asked, call);
    return { source, read: await readCache(source, call.signal) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const message = `failed to configure ${asked.type} cache importer: ${error.message}`;
    throw new EngineError(error.kind, message, { cause: error });
  }
}

async function sourceOf(deps: ImportDeps, { type, attrs }: AskedCache, call: ImportCall): Promise<CacheSource> {
  if (type === 'registry') {
    const ref = attrs.get('ref') ?? '';
    if (ref === '') throw new EngineError('invalid', 'registry cache importer requires ref');
    const reference = withDefaultTag(parseReference(ref));
    const repository = await deps.images.repository(reference, { credentials: call.credentials });
    return registrySource(repository, reference.digest ?? reference.tag ?? '');
  }
  if (type === 'local') {
    const [folder = '', digest = ''] = [attrs.get('src'), attrs.get('digest')];
    if (folder === '') throw new EngineError('invalid', 'local cache importer requires src');
    if (digest === '')
      throw new EngineError(
        'invalid',
        'local cache importer requires either explicit digest, "latest" tag or custom tag on index.json',
      );
    const session = await call.session();
    return folderSource(session.content(`local:${folder}`), parseDigest(digest));
  }
  throw new EngineError('failed', `unknown cache importer: ${JSON.stringify(type)}`);
}
