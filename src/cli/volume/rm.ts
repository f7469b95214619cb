import { EngineError } from '../../base/errors.ts';
import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../each.ts';
import { flag } from '../flags/flag.ts';

export const removeVolumes: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: atLeast(1),
  examples: ['volume rm data'],
  flags: [flag('-f, --force', 'bool', "Don't report an error if the volume doesn't exist")],
  run: (cli, names, flags) =>
    forEach(cli, names, async (name) => {
      try {
        await cli.client.send({
          method: 'DELETE',
          path: `/volumes/${pathSegment(name)}`,
          query: { force: flags.bool('force') || undefined },
        });
      } catch (error) {
        if (!(flags.bool('force') && error instanceof EngineError && error.kind === 'notFound')) throw error;
      }
      return name;
    }),
};
