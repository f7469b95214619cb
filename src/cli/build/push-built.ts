import { type BuildOutput, pushImage } from '../../client/index.ts';
import { registryAuth } from '../../logins/index.ts';
import { parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';

/** For an engine whose builder pushes nothing: the outputs without pushes, and the names to push after the build. */
export function withoutPush(outputs: readonly BuildOutput[]): {
  readonly sent: readonly BuildOutput[];
  readonly pushed: readonly string[];
} {
  const pushed: string[] = [];
  const sent = outputs.map((output) => {
    const { push, ...attrs } = output.attrs;
    if (output.type !== 'moby' || push !== 'true') return output;
    pushed.push(...(attrs['name'] ?? '').split(',').filter((name) => name !== ''));
    return { ...output, attrs };
  });
  return { sent, pushed };
}

/** Pushes an image that was built, as `push` does. @throws EngineError */
export async function pushBuilt(cli: Cli, name: string, isQuiet: boolean): Promise<void> {
  const reference = withDefaultTag(parseReference(name));
  const messages = await pushImage(cli.client, {
    repository: repositoryName(reference),
    tag: reference.tag,
    platform: undefined,
    registryAuth: await registryAuth(cli, name),
  });
  await drawProgress(messages, isQuiet ? undefined : cli.err);
}
