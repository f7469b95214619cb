import { EngineError } from '../../base/errors.ts';
import { removeVolume } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { forEach } from '../for-each.ts';

export const rm: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  examples: ['volume rm data'],
  flags: [flag('-f, --force', 'bool', "Don't report an error if the volume doesn't exist")],
  run: (cli, names, flags) =>
    forEach(cli, names, async (name) => {
      try {
        await removeVolume(cli.client, name, { force: flags.bool('force') });
      } catch (error) {
        if (!(flags.bool('force') && error instanceof EngineError && error.kind === 'notFound')) throw error;
      }
      return name;
    }),
};
