import { conflict, invalid } from '../base/errors.ts';
import { decompress, withoutDestroy } from '../io/index.ts';
import { isEmptyVolume } from './mount-content.ts';
import { stageContent } from './staged-content.ts';
import type { ImportVolume, OnProgress } from './volume-data.ts';
import {
  addVolume,
  checkFreeName,
  checkHasContent,
  checkUnmounted,
  findVolume,
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
  const current = records.get(name);
  const check = async (): Promise<void> => {
    if (current === undefined) checkFreeName(deps, name, `import ${name.slice(0, 300)}`);
    else await checkTarget(deps, name, replaces);
  };
  await checkUnderLock(deps, name, check, signal);
  // From now on nobody removes or renames the volume.
  const job = `import-${serial++}`;
  if (current !== undefined) uses.reference(name, job);
  using _job = { [Symbol.dispose]: () => uses.release(name, job) };
  const record = current ?? { name, createdAt: nowInSeconds(), labels: null, options: null };
  await using staged = await stageContent(folders, name, record.options);
  const { stream } = await decompress(withoutDestroy(archive));
  await trees.unpack(staged.data, counted(stream, onProgress), signal);
  await staged.seal();
  using _lock = await locks.acquire(name, signal);
  await check();
  if (current === undefined) return addVolume(deps, record, staged.folder);
  folders.install(name, staged.folder);
  events.emit('volume', 'import', name, { driver: 'local' });
  return mounts.inspect(name);
}

async function checkUnderLock(
  { locks }: Pick<VolumeDataDeps, 'locks'>,
  name: string,
  check: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  using _lock = await locks.acquire(name, signal);
  await check();
}

/** The caller holds the lock. @throws EngineError notFound, conflict, failed */
async function checkTarget(deps: VolumeDataDeps, name: string, replaces: boolean): Promise<void> {
  checkHasContent(deps, name, 'import');
  checkUnmounted(deps, name, 'import');
  if (!replaces && !(await isEmptyVolume(deps.folders, findVolume(deps.records, name))))
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
  // The usual end of a pipe whose first program failed. An archive without files has its end marks.
  if (bytes === 0) throw invalid('the archive is empty: not even the end of a tar');
  onProgress(bytes);
}
