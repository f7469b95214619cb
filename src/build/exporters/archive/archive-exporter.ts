import { invalid } from '../../../base/errors.ts';
import type { BuildPorts } from '../../ports.ts';
import type { ExportContext, Exporter, ExportRequest } from '../exporter.ts';
import { sendToClient } from '../files/send-to-client.ts';
import { type ComposedImage, composeImage } from '../image/compose-image.ts';
import { imageResponse } from '../image/image-exporter.ts';
import { flag, imageOptions } from '../image/image-options.ts';
import type { StoreLayersDeps } from '../image/store-layers.ts';
import { layoutArchive, layoutBlobs } from './layout-archive.ts';

export type ArchiveExporterDeps = StoreLayersDeps & Pick<BuildPorts, 'collector'>;

/**
 * Sends the client the image as a tar: an OCI image layout, for `docker` with Docker's manifest. With `tar=false` it writes the blobs into
 * the client's layout, and the client makes its index. @throws EngineError for the options
 */
export function archiveExporter(
  deps: ArchiveExporterDeps,
  { id, attrs }: ExportRequest,
  kind: 'oci' | 'docker',
): Exporter {
  const isTar = flag(attrs, 'tar') ?? true;
  const options = imageOptions(attrs, { isCompressed: true });
  return {
    name: `exporting to ${kind} image format`,
    async run(result, context) {
      if (kind === 'docker' && result.isMultiple && result.platforms.length > 1) {
        throw invalid('docker exporter does not currently support exporting manifest lists');
      }
      const { report, signal } = context;
      await using lease = deps.collector.lease();
      const { names } = options;
      // Docker's own archives have no place for an index.
      const call = { options, names, hasAttestations: kind === 'oci', lease, report, signal };
      const image = await composeImage(deps, result, call);
      const response = imageResponse(image, names);
      if (isTar) {
        const bytes = layoutArchive(deps.content, { image, names, hasDockerManifest: kind === 'docker' });
        await sendToClient(context, { exporterId: id, response, bytes });
      } else await writeToClient(deps.content, image, context);
      return { response, images: image.images };
    },
  };
}

/** The name that clients give the store of this output. */
const EXPORT_STORE = 'export';

async function writeToClient(
  content: ArchiveExporterDeps['content'],
  image: ComposedImage,
  { session, signal }: ExportContext,
): Promise<void> {
  const store = (await session()).content(EXPORT_STORE);
  for (const { digest } of layoutBlobs(content, image)) {
    await store.write({ digest, sizeBytes: content.sizeBytes(digest), bytes: content.open(digest) }, signal);
  }
}
