import { containerProcesses } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { alignColumns } from '../format/tabwriter.ts';

export const top: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  args: atLeast(1),
  interspersed: false,
  examples: ['top web', 'top web -o pid,rss,args'],
  flags: [],
  async run(cli, [name = '', ...options]) {
    const { Titles: titles, Processes: processes } = await containerProcesses(cli.client, name, options.join(' '));
    const rows = [titles, ...(processes ?? [])].map((row) => `${row.join('\t')}\n`).join('');
    cli.out.write(alignColumns(rows, 20, 3));
    return 0;
  },
};
