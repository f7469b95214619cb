import { importImage } from '../../client/index.ts';
import { parseReference } from '../../spec/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import { between, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { openInput } from './load.ts';

export const importCommand: Command = {
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  args: between(1, 2),
  examples: ['import root.tar.gz mine:1.0', 'import -c \'CMD ["/bin/sh"]\' - mine < root.tar'],
  flags: [
    flag('-c, --change', 'list', 'Apply a Dockerfile instruction to the created image'),
    flag('-m, --message', 'string', 'Set the commit message of the imported image'),
    flag('--platform', 'string', 'Set the platform of the imported image'),
  ],
  async run(cli, [source = '', reference], flags) {
    if (reference !== undefined) parseReference(reference);
    const messages = await importImage(cli.client, {
      source: /^https?:\/\//.test(source) ? source : await openInput(source),
      repository: reference,
      message: flags.string('message'),
      changes: flags.list('change'),
      platform: flags.string('platform'),
    });
    await drawProgress(messages, cli.out);
    return 0;
  },
};
