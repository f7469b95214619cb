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
  const response = await cli.client.request({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: qualified(name), tag, platform: options.platform || undefined },
    headers: { 'X-Registry-Auth': registryAuth(cli, name) },
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

/** Credentials for the image's registry, in the API's header form; an empty object when there are none. */
function registryAuth(cli: Cli, name: string): string {
  const host = qualified(name).split('/')[0] ?? '';
  const key = host === 'docker.io' ? 'https://index.docker.io/v1/' : host;
  const stored = cli.config.auths[key] ?? cli.config.auths[`https://${key}`];
  const text = stored === undefined ? '' : Buffer.from(stored, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const auth =
    colon === -1 ? {} : { username: text.slice(0, colon), password: text.slice(colon + 1), serveraddress: key };
  return Buffer.from(JSON.stringify(auth)).toString('base64url');
}
