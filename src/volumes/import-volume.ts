import { conflict } from '../base/errors.ts';
import { decompress, withoutDestroy } from '../io/index.ts';
import { syncFilesystem } from '../linux/index.ts';
import type { ImportVolume, OnProgress } from './volume-data.ts';
import {
  addVolume,
  checkFreeName,
  checkHasContent,
  checkUnmounted,
  nowInSeconds,
  type VolumeDataDeps,
} from './volume-data-deps.ts';
import type { VolumeInspect } from './volumes.ts';

/** Progress is not reported more often. */
const PROGRESS_MILLISECONDS = 100;

let serial = 0;

/**
 * Unpacks an archive beside a volume, and makes it the volume's content when it is complete. No lock is held while the
 * client sends. See {@link VolumeData}.
 */
export async function importVolume(
  deps: VolumeDataDeps,
  name: string,
  { archive, replaces, onProgress }: ImportVolume,
  signal: AbortSignal,
): Promise<VolumeInspect> {
  const { records, folders, uses, locks, trees, events, mounts } = deps;
  const isNew = records.get(name) === undefined;
  const check = (): void => {
    if (isNew) checkFreeName(deps, name, `import ${name.slice(0, 300)}`);
    else checkTarget(deps, name, replaces);
  };
  check();
  // From now on nobody removes or renames the volume.
  const job = `import-${serial++}`;
  if (!isNew) uses.reference(name, job);
  using _job = { [Symbol.dispose]: () => uses.release(name, job) };
  const staged = folders.stage(name);
  using _rest = { [Symbol.dispose]: () => folders.discardPath(staged) };
  const { stream } = await decompress(withoutDestroy(archive));
  await trees.unpack(staged, counted(stream, onProgress), signal);
  await syncFilesystem(staged);
  using _lock = await locks.acquire(name, signal);
  check();
  if (isNew) return addVolume(deps, { name, createdAt: nowInSeconds(), labels: null, options: null }, staged);
  folders.install(name, staged);
  events.emit('volume', 'import', name, { driver: 'local' });
  return mounts.inspect(name);
}

/** @throws EngineError notFound, conflict, failed */
function checkTarget(deps: VolumeDataDeps, name: string, replaces: boolean): void {
  checkHasContent(deps, name, 'import');
  checkUnmounted(deps, name, 'import');
  if (!replaces && !deps.folders.isEmpty(name))
    throw conflict(`import ${name}: the volume is not empty, and replacing its content was not requested`);
}

async function* counted(source: AsyncIterable<Uint8Array>, onProgress: OnProgress): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let reportedAt = Date.now();
  for await (const chunk of source) {
    yield chunk;
    bytes += chunk.length;
    if (Date.now() - reportedAt < PROGRESS_MILLISECONDS) continue;
    reportedAt = Date.now();
    onProgress(bytes);
  }
  onProgress(bytes);
}
