import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../each.ts';
import { STOP_FLAGS } from './stop.ts';

export const restart: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['restart web', 'restart -t 1 web'],
  flags: STOP_FLAGS,
  run: (cli, names, flags) =>
    forEach(cli, names, async (name) => {
      await cli.client.send({
        method: 'POST',
        path: `/containers/${pathSegment(name)}/restart`,
        query: {
          t: flags.changed('timeout') ? flags.int('timeout') : undefined,
          signal: flags.string('signal') || undefined,
        },
      });
      return name;
    }),
};
