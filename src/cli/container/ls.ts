import { listContainers } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { printList } from '../format/table.ts';
import { containerList } from './list-format.ts';

export const ls: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['ps -a', "ps --filter status=exited --format '{{.ID}} {{.Names}}'", 'ps -q -n 2'],
  flags: [
    flag('-a, --all', 'bool', 'Show all containers (only running ones are shown by default)'),
    flag('-f, --filter', 'filter', 'Filter output by conditions (status=, name=, label=, ancestor=, ...)'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-n, --last', 'int', 'Show the last N created containers (in any state)', { default: '-1' }),
    flag('-l, --latest', 'bool', 'Show the last created container (in any state)'),
    flag('--no-trunc', 'bool', "Don't truncate output"),
    flag('-q, --quiet', 'bool', 'Only display IDs'),
    flag('-s, --size', 'bool', 'Display total file sizes'),
  ],
  async run(cli, _args, flags) {
    const format = flags.string('format') || (flags.bool('quiet') ? '' : (cli.config.psFormat ?? ''));
    if (flags.string('format') !== '' && flags.bool('quiet')) {
      cli.err.line('WARNING: Ignoring custom format, because both --format and --quiet are set.');
    }
    const last = flags.bool('latest') && !flags.changed('last') ? 1 : flags.int('last');
    const size = flags.bool('size') || (/\.Size\b|\bjson \./.test(format) && !flags.changed('size'));
    const containers = await listContainers(cli.client, {
      all: flags.bool('all'),
      limit: last > 0 ? last : undefined,
      size,
      filters: parseFilters(flags.list('filter')),
    });
    const kind = containerList({ truncate: !flags.bool('no-trunc'), size: flags.bool('size') });
    const faults = { parse: 'failed to parse template', execute: 'failed to execute template' };
    printList(cli.out, kind, containers, { format, quiet: flags.bool('quiet'), quietWins: format !== 'raw', faults });
    return 0;
  },
};
