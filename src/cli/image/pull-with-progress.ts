import { pullImage } from '../../client/index.ts';
import { parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import type { Output } from '../../terminal/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';

export interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  /** The output for progress. */
  readonly out: Output;
  readonly allTags?: boolean;
}

/**
 * Makes the engine pull an image, and draws the progress. @throws EngineError, in docker's words for a malformed name
 */
export async function pullWithProgress(cli: Cli, image: string, options: PullOptions): Promise<void> {
  const reference = parseReference(image);
  const { digest, tag } = options.allTags === true ? reference : withDefaultTag(reference);
  // Loaded only here: usually `run` finds the image on the machine.
  const { registryAuth } = await import('../../logins/index.ts');
  const messages = await pullImage(cli.client, {
    repository: repositoryName(reference),
    tag: digest ?? tag,
    platform: options.platform,
    registryAuth: await registryAuth(cli, image),
  });
  await drawProgress(messages, options.quiet ? undefined : options.out);
}
