import { commitContainer } from '../../client/index.ts';
import { familiarName, parseReference, withDefaultTag } from '../../spec/index.ts';
import { between, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';

export const commit: Command = {
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  args: between(1, 2),
  examples: ['commit web mine:1.1', 'commit -m "with curl" -c \'CMD ["nginx"]\' web mine'],
  flags: [
    flag('-a, --author', 'string', 'Set the author ("Jane Doe <jane@example.com>")'),
    flag('-c, --change', 'list', 'Apply a Dockerfile instruction to the created image'),
    flag('-m, --message', 'string', 'Set the commit message'),
    flag('--no-pause', 'bool', "Don't pause the container during the commit"),
    flag('-p, --pause', 'bool', 'Pause the container during the commit', { default: 'true', hidden: true }),
  ],
  async run(cli, [container = '', reference], flags) {
    const parsed = reference === undefined ? undefined : withDefaultTag(parseReference(reference));
    if (parsed?.digest !== undefined) throw new CliError(1, 'refusing to create a tag with a digest reference');
    const id = await commitContainer(cli.client, container, {
      repository: parsed === undefined ? undefined : familiarName(parsed),
      tag: parsed?.tag,
      comment: flags.string('message'),
      author: flags.string('author'),
      changes: flags.list('change'),
      pause: flags.bool('pause') && !flags.bool('no-pause'),
    });
    cli.out.write(`${id}\n`);
    return 0;
  },
};
