import { type Command, NO_ARGS } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { versionLine } from '../system/version.ts';

export const buildxVersion: Command = {
  usage: '',
  args: NO_ARGS,
  examples: ['buildx version'],
  flags: [flag('-D, --debug', 'bool', 'Show more of errors')],
  async run(cli) {
    cli.out.line(versionLine());
    return 0;
  },
};
