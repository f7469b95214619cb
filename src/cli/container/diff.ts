import { pathSegment } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';

const LETTERS = ['C', 'A', 'D'] as const;

export const diff: Command = {
  usage: 'CONTAINER',
  args: exactly(1),
  examples: ['diff web'],
  flags: [],
  async run(cli, [name = '']) {
    const changes = await cli.client.json<readonly { Path: string; Kind: number }[] | null>({
      method: 'GET',
      path: `/containers/${pathSegment(name)}/changes`,
    });
    for (const { Path: path, Kind: kind } of changes ?? []) cli.out.write(`${LETTERS[kind] ?? '?'} ${path}\n`);
    return 0;
  },
};
