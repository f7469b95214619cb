import { EngineError } from '../../../base/errors.ts';
import type { Digest } from '../../../base/ids.ts';
import { release } from '../../../io/index.ts';
import { type Descriptor, MEDIA_TYPE } from '../../../spec/index.ts';
import type { Lease } from '../../../store/index.ts';
import type { ClassicPorts } from '../ports.ts';

export type StoreLayerPorts = Pick<ClassicPorts, 'snapshots' | 'content' | 'containers'>;

export interface StoredLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

export interface LayerPlace {
  /** The layers below, bottom first. */
  readonly below: readonly Digest[];
  readonly lease: Lease;
}

/** sha256 of an archive without entries: such a layer is left out. */
const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

/**
 * Makes a layer of a writable, which is gone afterwards. Undefined without a change. @throws EngineError noSpace, cancelled;
 * invalid for a writable of a limited size
 */
export async function sealLayer(
  { snapshots, content }: Omit<StoreLayerPorts, 'containers'>,
  id: string,
  { below, lease }: LayerPlace,
  signal: AbortSignal,
): Promise<StoredLayer | undefined> {
  const key = await snapshots.sealed.seal(id);
  if (key === undefined) return undefined;
  lease.layer(key);
  const { digest, diffId, sizeBytes } = await snapshots.sealed.identify(
    key,
    {
      below: snapshots.chain(below),
      content,
      claim(blob) {
        lease.blob(blob.digest);
        lease.chain([...below, blob.diffId]);
      },
    },
    signal,
  );
  return { descriptor: { mediaType: MEDIA_TYPE.ociLayer, digest, size: sizeBytes }, diffId };
}

/** Makes a layer of a container's changes. The container stays. @throws EngineError noSpace, cancelled */
export async function copyLayer(
  { snapshots, content, containers }: StoreLayerPorts,
  id: string,
  { below, lease }: LayerPlace,
  signal: AbortSignal,
): Promise<StoredLayer | undefined> {
  await using ingest = await content.ingest();
  for await (const chunk of await containers.layer(id, signal)) {
    if (signal.aborted) throw new EngineError('cancelled', 'the build was cancelled');
    await ingest.write(chunk as Buffer);
    release(chunk as Buffer);
  }
  const { digest, sizeBytes } = await ingest.commit({}, lease.blob);
  if (digest === EMPTY_LAYER) return undefined;
  lease.chain([...below, digest]);
  await snapshots.unpack({ diffId: digest, parents: below }, { path: content.path(digest), digest }, signal);
  return { descriptor: { mediaType: MEDIA_TYPE.ociLayer, digest, size: sizeBytes }, diffId: digest };
}
