import { jsonLines } from '../../client/index.ts';
import { parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import type { Cli } from '../cli.ts';
import type { Output } from '../output.ts';
import { drawProgress } from '../streams/progress.ts';

export interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  /** Where progress is drawn. */
  readonly out: Output;
  readonly allTags?: boolean;
}

/** Has the engine pull an image, and draws how far it is. @throws EngineError, in docker's words for a name that is none */
export async function pullImage(cli: Cli, image: string, options: PullOptions): Promise<void> {
  const reference = parseReference(image);
  const { digest, tag } = options.allTags === true ? reference : withDefaultTag(reference);
  // Loaded here: `run` finds most images on the machine.
  const { registryAuth } = await import('../credentials/registry-auth.ts');
  const response = await cli.client.request({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: repositoryName(reference), tag: digest ?? tag, platform: options.platform || undefined },
    headers: { 'X-Registry-Auth': await registryAuth(cli, image) },
  });
  await drawProgress(jsonLines(response.body), options.quiet ? undefined : options.out);
}
