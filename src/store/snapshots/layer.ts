import type { Digest } from '../../base/ids.ts';
import type { RootAttributes } from './untar/untar-result.ts';

/** Key of an unpacked layer. It is the diffID where the layer does not depend on the layers below, else the chainID. */
export type LayerKey = string & { readonly __brand: 'LayerKey' };

/** The content of layer.json. */
export interface LayerRecord {
  readonly key: LayerKey;
  /** The layer and those that it was unpacked over, bottom first. The layer alone where it depends on none. */
  readonly diffIds: readonly Digest[];
  readonly sizeBytes: number;
  /** Name of the link in `l/`. */
  readonly link: string;
  readonly root?: RootAttributes;
  /** Whether the layer hides all layers below, because its archive makes the root opaque. */
  readonly isOpaque?: true;
}
