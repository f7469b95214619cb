import type { Digest } from '../../base/ids.ts';
import type { RootAttributes } from './untar/untar-result.ts';

/**
 * Key of a layer. It is the diffID where the layer does not depend on the layers below, else the chainID. A sealed layer
 * has a random one until it is identified.
 */
export type LayerKey = string & { readonly __brand: 'LayerKey' };

/** The content of layer.json. */
export interface LayerRecord {
  readonly key: LayerKey;
  /**
   * The layer and those that it was unpacked over, bottom first. The layer alone where it depends on none. Empty for a
   * sealed layer that is not identified.
   */
  readonly diffIds: readonly Digest[];
  readonly sizeBytes: number;
  /** Name of the link in `l/`. */
  readonly link: string;
  readonly root?: RootAttributes;
  /** Whether the layer hides all layers below, because its archive makes the root opaque. */
  readonly isOpaque?: true;
  /** Whether the layer may hide files of layers below, so that it cannot be read without a mount. */
  readonly mayHide?: true;
  /** The first key of a layer that was sealed, for good the name of its folder. The layer is found by this key too. */
  readonly sealedAs?: LayerKey;
  /** Id of the writable that a sealed layer was. */
  readonly writable?: string;
}

/** Name of a layer's folder. It never changes, so that mounts and open files stay valid. */
export function folderOf({ key, sealedAs }: Pick<LayerRecord, 'key' | 'sealedAs'>): string {
  return sealedAs ?? key;
}
