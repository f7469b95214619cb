import { EngineError } from '../../base/errors.ts';
import { pullImage } from '../../client/index.ts';
import { registryAuth } from '../../logins/index.ts';
import { parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import type { Cli } from '../cli.ts';

/** Makes the engine pull an image. @throws EngineError */
export async function pullQuietly(
  cli: Cli,
  image: string,
  platform: string | undefined,
  signal: AbortSignal,
  onProgress: (text: string) => void = () => {},
): Promise<void> {
  const reference = parseReference(image);
  const { digest, tag } = withDefaultTag(reference);
  const messages = await pullImage(
    cli.client,
    {
      repository: repositoryName(reference),
      tag: digest ?? tag,
      registryAuth: await registryAuth(cli, image),
      ...(platform === undefined ? {} : { platform }),
    },
    signal,
  );
  const layers = new Map<string, { readonly current: number; readonly total: number }>();
  for await (const { error, errorDetail, id, progressDetail } of messages) {
    if (error !== undefined) throw new EngineError('failed', errorDetail?.message ?? error);
    if (id === undefined || progressDetail?.total === undefined) continue;
    layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
    onProgress(percentOf([...layers.values()]));
  }
}

function percentOf(layers: readonly { readonly current: number; readonly total: number }[]): string {
  const total = layers.reduce((sum, layer) => sum + layer.total, 0);
  const current = layers.reduce((sum, layer) => sum + Math.min(layer.current, layer.total), 0);
  return total === 0 ? '' : `${Math.floor((100 * current) / total)} %`;
}
