import type { Digest } from '../../base/ids.ts';
import type { RootAttributes } from './untar/untar.ts';

/** Key of an unpacked layer: its diffID where that is sound, else its chainID ("Facts that bite", Overlay). */
export type LayerKey = string & { readonly __brand: 'LayerKey' };

/** What layer.json holds. */
export interface LayerRecord {
  readonly key: LayerKey;
  /** The layer and what it was applied over, bottom first; the layer alone where it depends on none. */
  readonly diffIds: readonly Digest[];
  readonly sizeBytes: number;
  /** Name in `l/`. */
  readonly link: string;
  readonly root?: RootAttributes;
  /** Hides all layers below: its archive makes the root opaque. */
  readonly isOpaque?: true;
}
