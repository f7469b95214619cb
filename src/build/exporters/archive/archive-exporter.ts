import { EngineError, invalid } from '../../../base/errors.ts';
import type { BuildPorts } from '../../ports.ts';
import type { Exporter, ExportRequest } from '../exporter.ts';
import { sendToClient } from '../files/send-to-client.ts';
import { composeImage } from '../image/compose-image.ts';
import { imageResponse } from '../image/image-exporter.ts';
import { flag, imageOptions } from '../image/image-options.ts';
import type { StoreLayersDeps } from '../image/store-layers.ts';
import { layoutArchive } from './layout-archive.ts';

export type ArchiveExporterDeps = StoreLayersDeps & Pick<BuildPorts, 'collector'>;

/** Sends the client the image as a tar: an OCI image layout, for `docker` with Docker's manifest. @throws EngineError for the options */
export function archiveExporter(
  deps: ArchiveExporterDeps,
  { id, attrs }: ExportRequest,
  kind: 'oci' | 'docker',
): Exporter {
  if (flag(attrs, 'tar') === false)
    throw new EngineError('notImplemented', 'the output option tar=false is not supported');
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
      const bytes = layoutArchive(deps.content, { image, names, hasDockerManifest: kind === 'docker' });
      await sendToClient(context, { exporterId: id, response, bytes });
      return { response, images: image.images };
    },
  };
}
