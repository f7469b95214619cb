import { EngineError, invalid, messageOf } from '../../base/errors.ts';
import { type Digest, digestHex, shortId } from '../../base/ids.ts';
import type { Repository } from '../../distribution/index.ts';
import type { Descriptor, ImageConfig, Manifest } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { type LayerLines, layerLines } from '../progress/layer-lines.ts';
import type { Progress } from '../progress/progress.ts';
import type { Downloads } from './downloads.ts';
import { type FetchReport, fetchBlob } from './fetch-blob.ts';

interface FetchDeps extends ImagesDeps {
  readonly downloads: Downloads;
  readonly repository: Repository;
}

const STATES = {
  waiting: 'Waiting',
  verifying: 'Verifying Checksum',
  complete: 'Download complete',
} as const;

/** One layer of the image that is being pulled. */
interface Layer {
  readonly blob: Descriptor;
  readonly diffId: Digest;
  /** Bottom first. */
  readonly parents: readonly Digest[];
  readonly lines: LayerLines;
}

/**
 * Downloads the layers of an image. Each is unpacked as soon as it is complete, while others are still downloading. The
 * first failure stops all of them, and is thrown once no work is left.
 * @throws EngineError invalid for a layer that is hostile or broken, or differs from its config's diffID
 */
export async function fetchLayers(
  deps: FetchDeps,
  image: { readonly manifest: Manifest; readonly config: ImageConfig },
  call: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const diffIds = image.config.rootfs.diff_ids;
  const layers = image.manifest.layers.flatMap((blob, index): Layer[] => {
    const diffId = diffIds[index];
    const lines = layerLines(shortId(digestHex(blob.digest)), call.progress);
    return diffId === undefined ? [] : [{ blob, diffId, parents: diffIds.slice(0, index), lines }];
  });
  const present = new Set(layers.filter((layer) => isPresent(deps, layer)));
  // dockerd shows no layers of an image that exists already.
  const isKnown = present.size === layers.length && deps.images.get(image.manifest.config.digest) !== undefined;
  for (const layer of isKnown ? [] : layers) {
    layer.lines.state(present.has(layer) ? 'Already exists' : 'Pulling fs layer');
  }

  let cause: unknown;
  let below: Promise<unknown> = Promise.resolve();
  for (const layer of layers) {
    if (present.has(layer)) continue;
    const parentsReady = below;
    const done = bringLayer(deps, layer, { parentsReady, signal }).catch((error: unknown) => {
      cause ??= error;
      stop.abort();
    });
    below = Promise.all([below, done]);
  }
  await below;
  if (call.signal.aborted) throw new EngineError('cancelled', 'the pull was cancelled');
  if (cause !== undefined) throw cause;
}

function isPresent({ content, snapshots }: FetchDeps, { blob, diffId, parents }: Layer): boolean {
  if (!content.has(blob.digest)) return false;
  try {
    snapshots.chain([...parents, diffId]);
    return true;
  } catch {
    return false;
  }
}

async function bringLayer(
  deps: FetchDeps,
  layer: Layer,
  call: { readonly parentsReady: Promise<unknown>; readonly signal: AbortSignal },
): Promise<void> {
  const { blob, diffId, parents, lines } = layer;
  const { signal } = call;
  const show = (report: FetchReport): void => {
    if (report.step === 'downloading') lines.bar('Downloading', report.current, blob.size);
    else lines.state(STATES[report.step]);
  };
  await deps.downloads.work.run(
    blob.digest,
    async (report, stop) => {
      using _slot = await deps.downloads.slots.take(stop, () => report({ step: 'waiting' }));
      await fetchBlob(deps, blob, report, stop);
    },
    { report: show, signal },
  );
  lines.bar('Extracting', 0, blob.size);
  try {
    const source = {
      path: deps.content.path(blob.digest),
      digest: blob.digest,
      progress: (bytesRead: number) => lines.bar('Extracting', bytesRead, blob.size),
    };
    await deps.snapshots.unpack({ diffId, parents, parentsReady: call.parentsReady }, source, signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'invalid') throw error;
    throw invalid(`failed to register layer ${shortId(digestHex(blob.digest))}: ${messageOf(error)}`, error);
  }
  lines.bar('Extracting', blob.size, blob.size);
  lines.state('Pull complete');
}
