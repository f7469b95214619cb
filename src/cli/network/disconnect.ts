import { disconnectNetwork } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { flag } from '../flags/flag.ts';

export const disconnect: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: exactly(2),
  examples: ['network disconnect backend web'],
  flags: [flag('-f, --force', 'bool', 'Disconnect the container even if it is stopped or gone')],
  async run(cli, [network = '', container = ''], flags) {
    await disconnectNetwork(cli.client, network, { container, force: flags.bool('force') });
    return 0;
  },
};
