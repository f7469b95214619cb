import { ownValue } from '../../base/own-value.ts';
import { type Descriptor, MEDIA_TYPE } from '../../spec/index.ts';

const OCI_NAMES: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.dockerLayer]: MEDIA_TYPE.ociLayer,
  [MEDIA_TYPE.dockerLayerGzip]: MEDIA_TYPE.ociLayerGzip,
};

/** The descriptor of a layer for an OCI manifest. */
export function inOci(layer: Descriptor): Descriptor {
  return { ...layer, mediaType: ownValue(OCI_NAMES, layer.mediaType) ?? layer.mediaType };
}
