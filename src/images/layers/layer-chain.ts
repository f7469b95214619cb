import { createHash } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';
import type { ImageConfig } from '../../spec/index.ts';
import type { Snapshots } from '../../store/index.ts';

/** ChainIDs of a layer stack, bottom first (OCI image spec, config.md, "Layer ChainID"). */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    const text = `${parent} ${diffId}`;
    chain.push(parent === undefined ? diffId : (`sha256:${createHash('sha256').update(text).digest('hex')}` as Digest));
  }
  return chain;
}

/** Size of each unpacked layer by key. */
export type LayerSizes = ReadonlyMap<string, number>;

/** Reads the sizes once, for many images. */
export function layerSizes(snapshots: Pick<Snapshots, 'layers'>): LayerSizes {
  return new Map(snapshots.layers().map(({ key, sizeBytes }) => [key, sizeBytes]));
}

/** Size of each unpacked layer of an image, bottom first. 0 for a layer that is not unpacked. */
export function sizesOfImage(snapshots: Pick<Snapshots, 'chain'>, sizes: LayerSizes, config: ImageConfig): number[] {
  try {
    return snapshots.chain(config.rootfs.diff_ids).map((key) => sizes.get(key) ?? 0);
  } catch {
    return config.rootfs.diff_ids.map(() => 0);
  }
}

/** Keys of an image's layers, bottom first. Empty when the image is not unpacked. */
export function layersOf(snapshots: Pick<Snapshots, 'chain'>, config: ImageConfig): readonly string[] {
  try {
    return snapshots.chain(config.rootfs.diff_ids);
  } catch {
    return [];
  }
}

/** Size of the unpacked layers together. */
export function sizeOf(layers: readonly string[], sizes: LayerSizes): number {
  return layers.reduce((total, key) => total + (sizes.get(key) ?? 0), 0);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
