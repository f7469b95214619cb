import { between, type Command } from '../command.ts';
import { eraseCredentials, serverKey } from './credential-store.ts';

export const logout: Command = {
  usage: '[SERVER]',
  args: between(0, 1),
  examples: ['logout', 'logout registry.example.com'],
  details: 'Without a server it is Docker Hub.',
  flags: [],
  async run(cli, [address = '']) {
    const server = serverKey(address);
    cli.out.line(`Removing login credentials for ${server}`);
    await eraseCredentials(cli, server);
    return 0;
  },
};
