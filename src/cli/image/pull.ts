import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { parseFamiliar } from '../format/reference.ts';
import { pullImage, qualified } from './pull-image.ts';

export const pull: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: exactly(1),
  examples: ['pull busybox', 'pull localhost:5000/app:v2'],
  flags: [
    flag('-a, --all-tags', 'bool', 'Fetch every tag of the repository'),
    flag('--platform', 'string', 'Platform to fetch, if it has several'),
    flag('-q, --quiet', 'bool', "Don't show progress"),
  ],
  async run(cli, [image = ''], flags) {
    const parsed = parseFamiliar(image);
    if (parsed === undefined) throw new CliError(1, 'invalid reference format');
    const all = flags.bool('all-tags');
    if (all && (parsed.tag !== undefined || parsed.digest !== undefined))
      throw new CliError(1, "tag can't be used with --all-tags/-a");
    const latest = !all && parsed.tag === undefined && parsed.digest === undefined;
    if (latest && !flags.bool('quiet')) cli.out.line('Using default tag: latest');
    const platform = flags.string('platform') || cli.env['DOCKER_DEFAULT_PLATFORM'] || '';
    await pullImage(cli, image, { platform, quiet: flags.bool('quiet'), out: cli.out, allTags: all });
    cli.out.line(qualified(latest ? `${image}:latest` : image));
    return 0;
  },
};
