import { EngineError } from '../../base/errors.ts';
import { jsonLines } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { parseFamiliar } from '../format/reference.ts';
import type { Output } from '../output.ts';
import { drawProgress } from '../streams/progress.ts';

export interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  /** Where progress is drawn. */
  readonly out: Output;
  readonly allTags?: boolean;
}

/** Has the engine pull an image, and draws how far it is. @throws EngineError */
export async function pullImage(cli: Cli, image: string, options: PullOptions): Promise<void> {
  const parsed = parseFamiliar(image);
  if (parsed === undefined) throw new EngineError('invalid', 'invalid reference format');
  const tag = parsed.digest ?? parsed.tag ?? (options.allTags === true ? undefined : 'latest');
  const name = image.replace(/@[^@]*$/, '').replace(/:[^:/]*$/, '');
  // Loaded here: `run` finds most images on the machine.
  const { registryAuth } = await import('../credentials/registry-auth.ts');
  const response = await cli.client.request({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: qualified(name), tag, platform: options.platform || undefined },
    headers: { 'X-Registry-Auth': await registryAuth(cli, name) },
  });
  await drawProgress(jsonLines(response.body), options.quiet ? undefined : options.out);
}

/** The full name that the API wants: `docker.io/library/busybox`. */
export function qualified(name: string): string {
  const first = name.split('/')[0] ?? '';
  const hasHost = name.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  if (hasHost) return name;
  return `docker.io/${name.includes('/') ? name : `library/${name}`}`;
}
