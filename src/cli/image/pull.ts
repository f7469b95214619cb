import { canonicalString, parseReference, withDefaultTag } from '../../spec/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { CONTENT_TRUST } from './content-trust.ts';
import { pullWithProgress } from './pull-with-progress.ts';

export const pull: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: exactly(1),
  examples: ['pull busybox', 'pull localhost:5000/app:v2'],
  flags: [
    flag('-a, --all-tags', 'bool', 'Download all tags of the repository'),
    CONTENT_TRUST,
    flag('--platform', 'string', 'Select the platform if the server is multi-platform capable'),
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
  ],
  async run(cli, [image = ''], flags) {
    const parsed = parseReference(image);
    const all = flags.bool('all-tags');
    if (all && (parsed.tag !== undefined || parsed.digest !== undefined))
      throw new CliError(1, "tag can't be used with --all-tags/-a");
    const reference = all ? parsed : withDefaultTag(parsed);
    if (reference.tag !== parsed.tag && !flags.bool('quiet')) cli.out.line('Using default tag: latest');
    const platform = flags.string('platform') || cli.env['DOCKER_DEFAULT_PLATFORM'] || '';
    await pullWithProgress(cli, image, { platform, quiet: flags.bool('quiet'), out: cli.out, allTags: all });
    cli.out.line(canonicalString(reference));
    return 0;
  },
};
