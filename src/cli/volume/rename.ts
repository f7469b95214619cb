import { renameVolume } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';

export const rename: Command = {
  usage: 'VOLUME NEW_NAME',
  args: exactly(2),
  examples: ['volume rename data archive'],
  details: 'Refuses a volume that a container refers to, running or not: containers find their volumes by name.',
  flags: [],
  async run(cli, [name = '', to = '']) {
    await renameVolume(cli.client, name, { to });
    return 0;
  },
};
