import { jsonLines } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { registryAuth } from '../credentials/registry-auth.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { parseFamiliar } from '../format/reference.ts';
import { drawProgress } from '../streams/progress.ts';
import { platformQuery } from './platform.ts';
import { qualified } from './pull-image.ts';

export const push: Command = {
  usage: '[OPTIONS] NAME[:TAG]',
  args: exactly(1),
  examples: ['push localhost:5000/app:v2', 'push -a localhost:5000/app'],
  flags: [
    flag('-a, --all-tags', 'bool', 'Send every tag of the repository'),
    flag('--disable-content-trust', 'bool', 'Accepted for compatibility: nothing is signed', {
      default: 'true',
      hidden: true,
    }),
    flag('--platform', 'string', 'Send this platform alone, as an image of its own'),
    flag('-q, --quiet', 'bool', "Don't show progress"),
  ],
  async run(cli, [image = ''], flags) {
    const parsed = parseFamiliar(image);
    if (parsed === undefined) throw new CliError(1, 'invalid reference format');
    if (parsed.digest !== undefined) throw new CliError(1, 'cannot push a digest reference');
    const all = flags.bool('all-tags');
    const quiet = flags.bool('quiet');
    if (all && parsed.tag !== undefined) throw new CliError(1, "tag can't be used with --all-tags/-a");
    if (!all && parsed.tag === undefined && !quiet) cli.out.line('Using default tag: latest');
    const name = parsed.tag === undefined ? image : image.slice(0, -parsed.tag.length - 1);
    const platform = flags.string('platform') || cli.env['DOCKER_DEFAULT_PLATFORM'] || '';
    const response = await cli.client.request({
      method: 'POST',
      path: `/images/${qualified(name)}/push`,
      query: {
        tag: all ? undefined : (parsed.tag ?? 'latest'),
        platform: platformQuery(platform),
      },
      headers: { 'X-Registry-Auth': await registryAuth(cli, name) },
    });
    await drawProgress(jsonLines(response.body), quiet ? undefined : cli.out);
    if (quiet) cli.out.line(all ? qualified(name) : qualified(`${name}:${parsed.tag ?? 'latest'}`));
    return 0;
  },
};
