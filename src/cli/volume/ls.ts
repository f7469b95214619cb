import { listVolumes } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { naturalOrder } from '../format/natural.ts';
import { printList } from '../format/table.ts';
import { VOLUMES } from './list-format.ts';

export const ls: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['volume ls', 'volume ls -q --filter dangling=true'],
  flags: [
    flag('--cluster', 'bool', 'Only display cluster volumes'),
    flag('-f, --filter', 'filter', 'Filter output by conditions (dangling=, driver=, label=, name=)'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-q, --quiet', 'bool', 'Only display names'),
  ],
  async run(cli, _args, flags) {
    if (flags.bool('cluster')) throw new CliError(1, 'cluster volumes need an engine in swarm mode');
    const listed = await listVolumes(cli.client, parseFilters(flags.list('filter')));
    const volumes = listed.toSorted((a, b) => naturalOrder(a.Name, b.Name));
    const format = flags.string('format') || (flags.bool('quiet') ? '' : (cli.config.volumesFormat ?? ''));
    printList(cli.out, VOLUMES, volumes, { format, quiet: flags.bool('quiet') });
    return 0;
  },
};
