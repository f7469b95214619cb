import { invalid } from '../../../../base/errors.ts';
import { type Digest, parseDigest } from '../../../../base/ids.ts';
import type { Descriptor } from '../../../../spec/index.ts';
import type { Lease } from '../../../../store/index.ts';
import { type LayoutImage, readLayoutImage, type SessionContent } from '../../../session/index.ts';
import type { Op, StepContext } from '../../../solver/index.ts';
import type { Tree } from '../../../tree.ts';
import { layersKey, toPlatform, treeOf } from '../image/image-source.ts';
import { sessionOf } from '../session-of.ts';
import type { Source, SourceDeps } from '../source.ts';

const REPORT_MILLISECONDS = 100;

/**
 * The files of an image in an OCI layout of the client, by its digest. The key is that of its layers, as an image's of a registry.
 */
export function layoutSource({ name, attrs, platform }: Source, deps: SourceDeps): Op<Tree> {
  const digest = parseDigest(name.slice(name.lastIndexOf('@') + 1));
  const storeId = `oci:${attrs.get('oci.store') || name.replace(/[@:].*$/s, '')}`;
  const wanted = platform === undefined ? undefined : toPlatform(platform);
  let image: LayoutImage | undefined;
  const storeOf = async (context: StepContext): Promise<SessionContent> =>
    (await sessionOf(attrs.get('oci.session') ?? '', deps, context)).content(storeId);
  return {
    async cacheKey(context) {
      image = await readLayoutImage(await storeOf(context), { digest, platform: wanted }, context.signal);
      return { digest: layersKey(image.diffIds), isLazy: true };
    },
    async run(_inputs, context) {
      if (image === undefined) throw new Error('an image is used before it is known');
      const lease = deps.ports.collector.lease();
      context.keep(lease);
      lease.chain(image.diffIds);
      const store = await storeOf(context);
      for (const [at, layer] of image.manifest.layers.entries()) {
        await fetchLayer(deps, { store, layer, lease }, context);
        await unpackLayer(deps, { image, at }, context);
      }
      return [treeOf(deps, image)];
    },
  };
}

/** Fetches a layer's archive, unless it is here. */
async function fetchLayer(
  { ports }: SourceDeps,
  { store, layer, lease }: { readonly store: SessionContent; readonly layer: Descriptor; readonly lease: Lease },
  context: StepContext,
): Promise<void> {
  const digest = parseDigest(layer.digest);
  lease.blob(digest);
  if (ports.content.has(digest)) return;
  const started = Date.now();
  let current = 0;
  let reported = started;
  const report = (more: { readonly completed?: number }): void =>
    context.report({ id: digest, name: 'loading', current, total: layer.size, started, ...more });
  await using ingest = await ports.content.ingest();
  for await (const chunk of (await store.open(digest, context.signal)) as AsyncIterable<Buffer>) {
    current += chunk.length;
    if (Date.now() - reported >= REPORT_MILLISECONDS) {
      reported = Date.now();
      report({});
    }
    if (current > layer.size) throw invalid(`layer ${digest} is larger than its manifest says`);
    await ingest.write(chunk);
  }
  await ingest.commit({ digest, sizeBytes: layer.size });
  report({ completed: Date.now() });
}

async function unpackLayer(
  { ports: { snapshots, content } }: SourceDeps,
  { image, at }: { readonly image: LayoutImage; readonly at: number },
  context: StepContext,
): Promise<void> {
  const digest = parseDigest(image.manifest.layers[at]?.digest ?? '');
  const diffId = image.diffIds[at] as Digest;
  const parents = image.diffIds.slice(0, at);
  await snapshots.unpack({ diffId, parents }, { path: content.path(digest), digest }, context.signal);
}
