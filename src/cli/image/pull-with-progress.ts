import { pullImage } from '../../client/index.ts';
import { parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import type { Output } from '../../terminal/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';

export interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  /** Where progress is drawn. */
  readonly out: Output;
  readonly allTags?: boolean;
}

/** Has the engine pull an image, and draws how far it is. @throws EngineError, in docker's words for a name that is none */
export async function pullWithProgress(cli: Cli, image: string, options: PullOptions): Promise<void> {
  const reference = parseReference(image);
  const { digest, tag } = options.allTags === true ? reference : withDefaultTag(reference);
  // Loaded here: `run` finds most images on the machine.
  const { registryAuth } = await import('../../logins/index.ts');
  const messages = await pullImage(cli.client, {
    repository: repositoryName(reference),
    tag: digest ?? tag,
    platform: options.platform,
    registryAuth: await registryAuth(cli, image),
  });
  await drawProgress(messages, options.quiet ? undefined : options.out);
}
