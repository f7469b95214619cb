import { inspectVolume } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';

export const update: Command = {
  usage: '[OPTIONS] [VOLUME]',
  args: exactly(1),
  examples: ['volume update --availability drain data'],
  flags: [
    flag('--availability', 'string', "Set the availability of the cluster volume ('active', 'pause', 'drain')", {
      default: 'active',
    }),
  ],
  async run(cli, [name = '']) {
    const volume = await inspectVolume(cli.client, name);
    const cluster = volume.ClusterVolume !== undefined && volume.ClusterVolume !== null;
    throw new CliError(1, cluster ? 'the engine is not in swarm mode' : 'can only update cluster volumes');
  },
};
