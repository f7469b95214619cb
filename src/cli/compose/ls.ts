import { type ContainerSummary, listContainers } from '../../client/index.ts';
import { LABEL } from '../../compose/index.ts';
import { NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { alignColumns } from '../format/tabwriter.ts';
import type { ComposeCommand } from './compose-command.ts';

interface ListedProject {
  readonly name: string;
  readonly status: string;
  readonly files: string;
}

export const ls: ComposeCommand = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  flags: [
    flag('-a, --all', 'bool', 'Show stopped projects too'),
    flag('--filter', 'filter', 'Show projects whose name matches (name=PATTERN)'),
    flag('--format', 'string', 'Set the format of the output ("table", "json")', { default: 'table' }),
    flag('-q, --quiet', 'bool', 'Only show names'),
  ],
  examples: ['compose ls', 'compose ls -a --format json'],
  async run(call, _args, flags) {
    const { cli } = call.world;
    const format = flags.string('format');
    if (format !== 'table' && format !== 'json')
      throw new CliError(1, `format value "${format}" could not be parsed: parsing failed`);
    const filters = { label: [LABEL.project, `${LABEL.configHash}`] };
    const containers = await listContainers(cli.client, { all: flags.bool('all'), filters });
    const isWanted = nameFilter(flags.list('filter'));
    const projects = projectsOf(containers).filter(({ name }) => isWanted(name));
    if (flags.bool('quiet')) for (const { name } of projects) cli.out.line(name);
    else if (format === 'json')
      cli.out.line(
        JSON.stringify(projects.map(({ name, status, files }) => ({ Name: name, Status: status, ConfigFiles: files }))),
      );
    else {
      const rows = projects.map(({ name, status, files }) => `${name}\t${status}\t${files}\n`);
      cli.out.write(alignColumns(['NAME\tSTATUS\tCONFIG FILES\n', ...rows].join(''), 20, 3));
    }
    return 0;
  },
};

function projectsOf(containers: readonly ContainerSummary[]): readonly ListedProject[] {
  const groups = Map.groupBy(containers, ({ Labels }) => Labels?.[LABEL.project] ?? '');
  return [...groups]
    .map(([name, found]) => ({
      name,
      status: statusOf(found.map(({ State }) => State)),
      files: [...new Set(found.flatMap(({ Labels }) => (Labels?.[LABEL.configFiles] ?? '').split(',')))]
        .filter(Boolean)
        .join(','),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `exited(1), running(2)`. */
function statusOf(states: readonly string[]): string {
  const counts = Map.groupBy(states, (state) => state);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, found]) => `${state}(${found.length})`)
    .join(', ');
}

function nameFilter(filters: readonly string[]): (name: string) => boolean {
  const patterns = filters.map((filter) => {
    const [key, value = ''] = filter.split('=');
    if (key !== 'name') throw new CliError(1, `invalid filter '${key}'`);
    return value;
  });
  return (name) =>
    patterns.length === 0 || patterns.some((pattern) => name.includes(pattern) || wild(pattern).test(name));
}

function wild(pattern: string): RegExp {
  const quoted = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${quoted}$`);
}
