import { EngineError, invalid } from '../../base/errors.ts';
import type { Repository } from '../../distribution/index.ts';
import { type ImageConfig, type Manifest, parseImageConfig } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import type { Downloads } from './downloads.ts';
import { fetchBlob } from './fetch-blob.ts';

/** The content store reads no larger documents. */
const CONFIG_BYTES_MAX = 8 << 20;

/**
 * Downloads the config of an image, whose digest is the image's id.
 * @throws EngineError invalid when it is malformed, or does not fit its manifest; tooLarge
 */
export async function readConfig(
  deps: ImagesDeps & { readonly downloads: Downloads; readonly repository: Repository },
  manifest: Manifest,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { digest, size } = manifest.config;
  if (size > CONFIG_BYTES_MAX) {
    throw new EngineError('tooLarge', `image config ${digest} has ${size} bytes, at most ${CONFIG_BYTES_MAX} are read`);
  }
  await deps.downloads.work.run(digest, (report, stop) => fetchBlob(deps, manifest.config, report, stop), {
    report: () => {},
    signal,
  });
  const config = parseImageConfig(deps.content.readJson(digest));
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw invalid("layers from manifest don't match image configuration");
  }
  if (config.os !== '' && config.os !== 'linux') {
    throw invalid(
      `image operating system "${config.os}" cannot be used on this platform: operating system is not supported`,
    );
  }
  return config;
}
