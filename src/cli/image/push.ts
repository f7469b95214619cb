import { pushImage } from '../../client/index.ts';
import { registryAuth } from '../../logins/index.ts';
import { canonicalString, parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { CONTENT_TRUST } from './content-trust.ts';
import { platformOf } from './platform.ts';

const ONE_PLATFORM = `
 Info -> Using --platform pushes only the specified platform manifest of a multi-platform image index.
         Other components, like attestations, will not be included.
         To push the complete multi-platform image, remove the --platform flag.
         
`;

export const push: Command = {
  usage: '[OPTIONS] NAME[:TAG]',
  args: exactly(1),
  examples: ['push localhost:5000/app:v2', 'push -a localhost:5000/app'],
  flags: [
    flag('-a, --all-tags', 'bool', 'Push all tags of the repository'),
    CONTENT_TRUST,
    flag('--platform', 'string', 'Push only the given platform, as a single-platform image'),
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
  ],
  async run(cli, [image = ''], flags) {
    const parsed = parseReference(image);
    if (parsed.digest !== undefined) throw new CliError(1, 'cannot push a digest reference');
    const all = flags.bool('all-tags');
    const quiet = flags.bool('quiet');
    if (all && parsed.tag !== undefined) throw new CliError(1, "tag can't be used with --all-tags/-a");
    const reference = all ? parsed : withDefaultTag(parsed);
    if (reference.tag !== parsed.tag && !quiet) cli.out.line('Using default tag: latest');
    const platform = flags.string('platform') || cli.env['DOCKER_DEFAULT_PLATFORM'] || '';
    if (platform !== '') cli.out.write(ONE_PLATFORM);
    const messages = await pushImage(cli.client, {
      repository: repositoryName(reference),
      tag: reference.tag,
      platform: platformOf(platform),
      registryAuth: await registryAuth(cli, image),
    });
    await drawProgress(messages, quiet ? undefined : cli.out);
    if (quiet) cli.out.line(canonicalString(reference));
    return 0;
  },
};
