import type { Digest } from '../../base/ids.ts';
import { type Descriptor, type ImageConfig, type Manifest, MEDIA_TYPE } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { unpackImages } from '../layers/unpack-images.ts';
import { manifestBytes } from '../model/compose-manifest.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { inOci } from '../model/oci-layers.ts';

/** The image of a step of the classic builder. */
export interface NewStepImage {
  readonly config: ImageConfig;
  /** Of the archives of all layers, bottom first. They are here, and leased by the caller. */
  readonly layers: readonly Descriptor[];
  /** The image that the step stands on. */
  readonly parent: Digest | undefined;
}

/** Adds the image of a step, without a name. @throws EngineError noSpace */
export async function addStepImage(deps: ImagesDeps, { config, layers, parent }: NewStepImage): Promise<StoredImage> {
  await using lease = deps.collector.lease();
  const put = (bytes: Buffer): { readonly digest: Digest; readonly size: number } => {
    const digest = deps.content.put(bytes);
    lease.blob(digest);
    return { digest, size: bytes.length };
  };
  const stored = { mediaType: MEDIA_TYPE.ociConfig, ...put(Buffer.from(JSON.stringify(config))) };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: stored,
    layers: layers.map(inOci),
  };
  const descriptor = { mediaType: MEDIA_TYPE.ociManifest, ...put(manifestBytes(stored, manifest.layers)) };
  await unpackImages(deps, [{ manifest, config }], { lease, progress: () => {}, signal: new AbortController().signal });
  deps.images.add([{ descriptor, manifests: [descriptor], names: [], ...(parent === undefined ? {} : { parent }) }]);
  deps.makeDurable();
  return deps.images.resolve(stored.digest);
}
