import { EngineError, invalid, messageOf } from '../../base/errors.ts';
import { type Digest, digestHex, shortId } from '../../base/ids.ts';
import type { ImageConfig, Manifest } from '../../spec/index.ts';
import type { Lease } from '../../store/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { layerProgress } from '../progress/load-line.ts';
import type { Progress } from '../progress/progress.ts';
import { chainIds } from './layer-chain.ts';

interface UnpackCall {
  /** Keeps the layers until an image refers to them. */
  readonly lease: Lease;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Unpacks the layers of images whose blobs are in the content store, all at once: the snapshots decide how many threads
 * work. When one fails, the others are stopped and waited for, so that no work continues after the call.
 * @throws EngineError invalid for a layer that is hostile or broken, or differs from its config's diffID
 */
export async function unpackImages(
  deps: Pick<ImagesDeps, 'content' | 'snapshots'>,
  images: readonly { readonly manifest: Manifest; readonly config: ImageConfig }[],
  call: UnpackCall,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const started = new Map<string, Promise<void>>();
  for (const { manifest, config } of images) {
    const diffIds = config.rootfs.diff_ids;
    call.lease.chain(diffIds);
    const chains = chainIds(diffIds);
    for (const [index, blob] of manifest.layers.entries()) {
      const chain = diffIds.slice(0, index + 1);
      const key = chains[index];
      if (key !== undefined && !started.has(key))
        started.set(key, unpackLayer(deps, { blob: blob.digest, chain, index }, { ...call, signal }));
    }
  }
  // The first failure is the cause. The layers that it stops fail because of it.
  let cause: unknown;
  const results = [...started.values()].map((unpacking) =>
    unpacking.catch((error: unknown) => {
      cause ??= error;
      stop.abort();
    }),
  );
  await Promise.all(results);
  if (call.signal.aborted) throw new EngineError('cancelled', 'unpacking was cancelled');
  if (cause !== undefined) throw cause;
}

async function unpackLayer(
  { content, snapshots }: Pick<ImagesDeps, 'content' | 'snapshots'>,
  layer: { readonly blob: Digest; readonly chain: readonly Digest[]; readonly index: number },
  { progress, signal }: UnpackCall,
): Promise<void> {
  const diffId = layer.chain.at(-1);
  if (diffId === undefined) throw invalid('a layer without a diffID');
  const id = shortId(digestHex(diffId));
  const total = content.sizeBytes(layer.blob);
  progress(layerProgress(id, 0, total));
  try {
    await snapshots.unpack(
      { diffId, parents: layer.chain.slice(0, -1) },
      {
        path: content.path(layer.blob),
        digest: layer.blob,
        progress: (bytesRead) => progress(layerProgress(id, bytesRead, total)),
      },
      signal,
    );
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid') {
      throw invalid(`layer ${layer.index} (${id}): ${messageOf(error)}`, error);
    }
    throw error;
  }
}
