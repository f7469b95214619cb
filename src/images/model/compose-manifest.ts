import { type Descriptor, MEDIA_TYPE } from '../../spec/index.ts';

/** The bytes of a manifest that the engine composes. Equal arguments give equal bytes. */
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
