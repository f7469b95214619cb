import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { spaceError } from '../../io/index.ts';
import type { SnapshotDriver } from './driver.ts';
import type { LayerRecord } from './layer.ts';
import type { SnapshotPaths } from './paths.ts';

export interface MergedLayersDeps {
  readonly driver: Pick<SnapshotDriver, 'merged'>;
  readonly paths: SnapshotPaths;
  /** Names in `new/` that are in use. */
  readonly working: Set<string>;
}

/** A chain as one readable tree, until disposed. The path is undefined for no layers. */
export type MergedLayers = { readonly path: string | undefined } & Disposable;

/** Mounts chains in folders of `new/`. @throws EngineError noSpace */
export function mergedLayers(deps: MergedLayersDeps): (layers: readonly LayerRecord[]) => MergedLayers {
  let serial = 0;
  return (layers) => {
    try {
      return mounted(deps, `merged-${process.pid}-${serial++}`, layers);
    } catch (error) {
      // The mount point takes a block of the disk.
      throw spaceError(error);
    }
  };
}

function mounted(
  { driver, paths, working }: MergedLayersDeps,
  name: string,
  layers: readonly LayerRecord[],
): MergedLayers {
  const folder = join(paths.fresh, name);
  using undo = new DisposableStack();
  working.add(name);
  undo.defer(() => void working.delete(name));
  mkdirSync(folder, { mode: 0o700 });
  undo.defer(() => rmdirSync(folder));
  const { path } = undo.use(driver.merged(layers, folder));
  const kept = undo.move();
  return { path, [Symbol.dispose]: () => kept.dispose() };
}
