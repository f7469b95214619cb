import { accessSync, chmodSync, chownSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EngineError, errnoOf, invalid } from '../../base/errors.ts';
import { spaceError } from '../../io/index.ts';
import { detachMount, detachMountSlowly, readMountInfo, removeTree } from '../../linux/index.ts';
import type { FreshLayer, SnapshotDriver, WantedMount } from './driver.ts';
import type { LayerKey, LayerRecord } from './layer.ts';
import type { LayerMounts } from './layer-mounts.ts';
import { chainKey, soloKey } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';
import { unpackMerged } from './unpack-merged.ts';
import { NeedsParents } from './untar/untar-errors.ts';
import type { RootAttributes } from './untar/untar-result.ts';
import type { UnpackedTree } from './worker/tree-job.ts';
import type { TreePool } from './worker/tree-pool.ts';

const DEFAULT_ROOT: RootAttributes = { mode: 0o755, uid: 0, gid: 0 };

export interface OverlayDriverDeps {
  readonly paths: SnapshotPaths;
  /** Roots are mounted at `<mountRoot>/<id>`. */
  readonly mountRoot: string;
  readonly pool: TreePool;
  readonly mounts: LayerMounts;
  /** Frees reserved space on a full disk. Returns false when there is none. */
  readonly releaseSpace: () => boolean;
}

/**
 * The overlay driver: layers are overlayfs's lower folders, and each container has an upper folder (Linux:
 * Documentation/filesystems/overlayfs).
 */
export function overlayDriver(deps: OverlayDriverDeps): SnapshotDriver {
  const { paths, mounts } = deps;
  return {
    name: 'overlay2',
    writableKind: 'overlay',
    unpack: (layer, signal) => unpack(deps, layer, signal),
    create: createUpper,
    ...containerRoots(deps),
    merged(layers, folder) {
      const [lone] = layers;
      const isPlain = layers.length === 1 && lone?.mayHide !== true;
      if (lone === undefined || isPlain) return { path: lone && paths.layerFs(lone), [Symbol.dispose]() {} };
      mounts.mount({ lower: layers, target: folder });
      return { path: folder, [Symbol.dispose]: () => void detachMount(folder) };
    },
  };
}

/** A layer that says all of its folders itself is the same over any parents: its key is its own. */
async function unpack(
  deps: OverlayDriverDeps,
  layer: FreshLayer,
  signal: AbortSignal,
): Promise<UnpackedTree & { readonly key: LayerKey }> {
  const target = join(layer.folder, 'fs');
  mkdirSync(target, { mode: 0o755 });
  const key = chainKey([...layer.parents, layer.diffId]);
  try {
    const job = { kind: 'unpack', ...layer.archive, target, mode: 'overlay' } as const;
    const tree = await deps.pool.run(job, signal, layer.progress);
    if (tree.implied.length === 0) return { ...tree, key: soloKey(layer.diffId) };
    if (await adopt(deps, layer, tree.implied)) return { ...tree, key };
  } catch (error) {
    if (!(error instanceof NeedsParents)) throw error;
    if (layer.parents.length === 0) throw invalid(error.message, error);
  }
  return { ...(await unpackOver(deps, layer, signal)), key };
}

/** Unpacks over the mounted layers below, as a container would write the files. */
async function unpackOver(
  { pool, mounts }: OverlayDriverDeps,
  layer: FreshLayer,
  signal: AbortSignal,
): Promise<UnpackedTree> {
  const below = await layer.below();
  const upper = join(layer.folder, 'fs');
  const [work, target] = [join(layer.folder, 'work'), join(layer.folder, 'merged')];
  await pool.run({ kind: 'remove', path: upper });
  for (const folder of [upper, work, target]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  mounts.mount({ lower: below, upper, work, target });
  try {
    return await unpackMerged(pool, { ...layer.archive, target }, signal, layer.progress);
  } finally {
    detachMount(target);
  }
}

/** Copies the attributes of implied directories from the layers below. Returns whether that was possible. */
async function adopt(
  { paths, pool, mounts }: OverlayDriverDeps,
  layer: FreshLayer,
  names: readonly string[],
): Promise<boolean> {
  const below = await layer.below();
  const [lone] = below;
  const target = join(layer.folder, 'fs');
  if (lone === undefined) return true;
  if (below.length === 1) return pool.run({ kind: 'adopt', source: paths.layerFs(lone), target, names });
  const source = join(layer.folder, 'below');
  mkdirSync(source);
  mounts.mount({ lower: below, target: source });
  try {
    return await pool.run({ kind: 'adopt', source, target, names });
  } finally {
    detachMount(source);
  }
}

async function createUpper(folder: string, layers: readonly LayerRecord[]): Promise<void> {
  const root = layers.findLast((layer) => layer.root !== undefined)?.root ?? DEFAULT_ROOT;
  const upper = join(folder, 'fs');
  mkdirSync(upper);
  // Overlayfs needs the inner folder. It is made now, so that the first mount does not need space on the disk.
  mkdirSync(join(folder, 'work', 'work'), { recursive: true, mode: 0o711 });
  chmodSync(upper, root.mode);
  if (root.uid !== 0 || root.gid !== 0) chownSync(upper, root.uid, root.gid);
}

/** Mounted roots: `<mountRoot>/<id>`. */
function containerRoots(deps: OverlayDriverDeps): Pick<SnapshotDriver, 'mount' | 'isMounted' | 'unmount' | 'idle'> {
  const { mountRoot } = deps;
  mkdirSync(mountRoot, { recursive: true, mode: 0o711 });
  // An earlier daemon may have left containers running.
  const mounted = mountsIn(realpathSync(mountRoot));
  /** Unmounts under way. */
  const leaving = new Map<string, Promise<void>>();
  return {
    async mount(wanted) {
      await leaving.get(wanted.id);
      const target = join(mountRoot, wanted.id);
      if (mounted.has(wanted.id)) return target;
      makeFolder(target);
      mountWithSpace(deps, wanted, target);
      mounted.add(wanted.id);
      return target;
    },
    isMounted: (id) => mounted.has(id),
    unmount(id) {
      mounted.delete(id);
      const target = join(mountRoot, id);
      const done = (leaving.get(id) ?? Promise.resolve()).then(() => takeDown(target));
      leaving.set(id, done);
      const forget = (): void => {
        if (leaving.get(id) === done) leaving.delete(id);
      };
      done.then(forget, forget);
      return done;
    },
    async idle() {
      await Promise.allSettled([...leaving.values()]);
    },
  };
}

/**
 * At each mount overlayfs removes its working folder and makes it again. On a full disk another program may take the
 * space in between. @throws EngineError noSpace
 */
function mountWithSpace({ mounts, releaseSpace }: OverlayDriverDeps, wanted: WantedMount, target: string): void {
  try {
    mountRootAt(mounts, wanted, target);
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === 'noSpace' && releaseSpace())) throw error;
    mountRootAt(mounts, wanted, target);
  }
}

/** @throws EngineError noSpace */
function mountRootAt(mounts: LayerMounts, wanted: WantedMount, target: string): void {
  const { folder, layers, isVolatile, isReadOnly } = wanted;
  if (isReadOnly) {
    mounts.mount({ lower: layers, target });
    return;
  }
  const work = join(folder, 'work');
  // An earlier volatile mount leaves this mark, and the kernel refuses to mount again, since a crash may have lost
  // data. Roots that were mounted like that may lose data.
  removeTree(join(work, 'work', 'incompat'));
  try {
    mounts.mount({ lower: layers, upper: join(folder, 'fs'), work, target, isVolatile });
    refuseReadOnly(target);
  } catch (error) {
    throw spaceError(error);
  }
}

/** The kernel takes 2 ms and 5 ms for these calls: a thread waits for it. */
async function takeDown(target: string): Promise<void> {
  try {
    await detachMountSlowly(target);
    await rmdir(target);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/**
 * When overlayfs finds no space for a folder of its own, it mounts read-only without an error. @throws EngineError
 * noSpace
 */
function refuseReadOnly(target: string): void {
  try {
    accessSync(target, constants.W_OK);
  } catch (error) {
    if (errnoOf(error) !== 'EROFS') throw error;
    detachMount(target);
    throw new EngineError('noSpace', 'no space left on device: the root could only be mounted read-only', {
      cause: error,
    });
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Names of the mounts directly in a folder. */
function mountsIn(folder: string): Set<string> {
  const names = readMountInfo().flatMap(({ mountPoint }) =>
    dirname(mountPoint) === folder ? [basename(mountPoint)] : [],
  );
  return new Set(names);
}
