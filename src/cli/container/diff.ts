import { containerChanges } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';

const LETTERS = ['C', 'A', 'D'] as const;

export const diff: Command = {
  usage: 'CONTAINER',
  args: exactly(1),
  examples: ['diff web'],
  flags: [],
  async run(cli, [name = '']) {
    for (const { Path: path, Kind: kind } of await containerChanges(cli.client, name))
      cli.out.write(`${LETTERS[kind] ?? '?'} ${path}\n`);
    return 0;
  },
};
