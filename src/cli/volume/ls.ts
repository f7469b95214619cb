import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { encodeFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { naturalOrder } from '../format/natural.ts';
import { printList } from '../format/table.ts';
import { VOLUMES, type VolumeSummary } from './list-format.ts';

export const listVolumes: Command = {
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
    if (flags.bool('cluster')) throw new CliError(1, 'cluster volumes need an engine in cluster mode');
    const answer = await cli.client.json<{ Volumes: VolumeSummary[] | null }>({
      method: 'GET',
      path: '/volumes',
      query: { filters: encodeFilters(flags.list('filter')) },
    });
    const volumes = (answer.Volumes ?? []).toSorted((a, b) => naturalOrder(a.Name, b.Name));
    const format = flags.string('format') || (flags.bool('quiet') ? '' : (cli.config.volumesFormat ?? ''));
    printList(cli.out, VOLUMES, volumes, { format, quiet: flags.bool('quiet') });
    return 0;
  },
};
