import { type Descriptor, MEDIA_TYPE } from '../../spec/index.ts';

/** The manifest that we compose ourselves: the same bytes each time. */
export function manifestBytes(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const plain = ({ mediaType, digest, size }: Descriptor): object => ({ mediaType, digest, size });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: plain(config),
    layers: layers.map(plain),
  };
  return Buffer.from(JSON.stringify(manifest));
}
