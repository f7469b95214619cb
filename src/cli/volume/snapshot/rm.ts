import { removeVolumeSnapshot } from '../../../client/index.ts';
import { atLeast, type Command } from '../../command.ts';
import { forEach } from '../../for-each.ts';

export const rm: Command = {
  usage: 'VOLUME SNAPSHOT [SNAPSHOT...]',
  args: atLeast(2),
  examples: ['volume snapshot rm data before-upgrade'],
  flags: [],
  run: (cli, [volume = '', ...names], _flags) =>
    forEach(cli, names, async (name) => {
      await removeVolumeSnapshot(cli.client, volume, name);
      return name;
    }),
};
