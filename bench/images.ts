/**
 * The stores' part of `load` and `rmi`, without unpacking (`bench/figures/images.ts` has the whole, beside the peers):
 * receiving, hashing, writing and planning an archive; removing an image; looking images up.
 *
 *     node bench/images.ts
 */
import type { Digest } from '../src/base/ids.ts';
import type { LayerKey } from '../src/store/index.ts';
import { imageArchive, tarArchive } from '../test/support/busybox-image.ts';
import { type ImageHost, imageHost } from '../test/support/image-host.ts';

const ROUNDS = 7;
const IMAGES = 500;

function tenLayers(megabytes: number): Buffer {
  const layers = Array.from({ length: 10 }, (_, layer) =>
    tarArchive([{ name: `layer${layer}`, content: Buffer.alloc((megabytes << 20) / 10, `layer ${layer} `) }]),
  );
  return imageArchive({ tags: ['bench:latest'], layers, config: { Cmd: ['true'] } });
}

/** Milliseconds. */
async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function withoutUnpacking(): Promise<ImageHost> {
  const host = await imageHost();
  host.snapshots.unpack = async ({ diffId }): Promise<LayerKey> => diffId as Digest as string as LayerKey;
  return host;
}

async function loadAndRemove(megabytes: number): Promise<void> {
  const archive = tenLayers(megabytes);
  const loads: number[] = [];
  const removals: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using host = await withoutUnpacking();
    loads.push(await timed(() => host.load(archive)));
    const options = { force: false, noPrune: false };
    removals.push(await timed(() => host.images.remove('bench', options, new AbortController().signal)));
  }
  const load = median(loads);
  console.log(
    `load ${megabytes} MB, not unpacked   ${load.toFixed(1)} ms   ${((megabytes / load) * 1000).toFixed(0)} MB/s`,
  );
  console.log(`rmi of it                  ${median(removals).toFixed(1)} ms`);
}

async function lookUp(): Promise<void> {
  await using host = await withoutUnpacking();
  const layer = tarArchive([{ name: 'f', content: 'x' }]);
  for (let index = 0; index < IMAGES; index++) {
    await host.load(imageArchive({ tags: [`team/app${index}:v1`], layers: [layer], config: { Cmd: [String(index)] } }));
  }
  const resolving = await timed(() => {
    for (let index = 0; index < IMAGES; index++) host.stores.images.resolve(`team/app${index}:v1`);
  });
  const listing = await timed(() => host.images.list({ all: false, filters: {}, sharedSize: true, manifests: false }));
  console.log(`resolve one of ${IMAGES}          ${((resolving / IMAGES) * 1000).toFixed(0)} µs`);
  console.log(`list ${IMAGES}                   ${listing.toFixed(1)} ms`);
}

await loadAndRemove(30);
await loadAndRemove(300);
await lookUp();
