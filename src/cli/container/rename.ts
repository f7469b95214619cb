import { messageOf } from '../../base/errors.ts';
import { renameContainer } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';

export const rename: Command = {
  usage: 'CONTAINER NEW_NAME',
  args: exactly(2),
  examples: ['rename old new'],
  flags: [],
  async run(cli, [from = '', to = '']) {
    if (from.trim() === '' || to.trim() === '') throw new CliError(1, 'Error: Neither old nor new names may be empty');
    try {
      await renameContainer(cli.client, from.trim(), to.trim());
    } catch (error) {
      throw new CliError(1, `${messageOf(error)}\nError: failed to rename container named ${from.trim()}`, {
        cause: error,
      });
    }
    return 0;
  },
};
