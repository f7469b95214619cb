import { messageOf } from '../../base/errors.ts';
import { eraseCredentials, serverKey } from '../../logins/index.ts';
import { between, type Command } from '../command.ts';

export const logout: Command = {
  usage: '[SERVER]',
  args: between(0, 1),
  examples: ['logout', 'logout registry.example.com'],
  details: 'The default server is Docker Hub.',
  flags: [],
  async run(cli, [address = '']) {
    const server = serverKey(address);
    cli.out.line(`Removing login credentials for ${server}`);
    try {
      await eraseCredentials(cli, server);
    } catch (error) {
      cli.err.line(`WARNING: could not erase credentials:\n${server}: ${messageOf(error)}`);
    }
    return 0;
  },
};
