import { EngineError, messageOf } from '../../base/errors.ts';
import { removeNetwork } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';

export const rm: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: atLeast(1),
  examples: ['network rm backend'],
  flags: [flag('-f, --force', 'bool', "Don't report an error if the network doesn't exist")],
  async run(cli, names, flags) {
    let code = 0;
    for (const name of names) {
      try {
        await removeNetwork(cli.client, name);
        cli.out.line(name);
      } catch (error) {
        if (flags.bool('force') && error instanceof EngineError && error.kind === 'notFound') continue;
        cli.err.line(messageOf(error));
        code = 1;
      }
    }
    if (code !== 0) cli.err.line('exit status 1');
    return code;
  },
};
