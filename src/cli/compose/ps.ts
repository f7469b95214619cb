import { type ContainerSummary, listContainers } from '../../client/index.ts';
import { LABEL } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { containerList } from '../container/list-format.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { truncateId } from '../format/text.ts';
import type { ComposeCommand } from './compose-command.ts';
import { checkServices, projectOrName } from './select-project.ts';

export const ps: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('-a, --all', 'bool', 'Show stopped containers too, and those of "compose run"'),
    flag('--filter', 'string', 'Show containers in a state (status=running)'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('--no-trunc', 'bool', "Don't truncate output"),
    flag('--orphans', 'bool', 'Show containers of services that the Compose files do not have', { default: 'true' }),
    flag('-q, --quiet', 'bool', 'Only show IDs'),
    flag('--services', 'bool', 'Only show the names of services'),
    flag('--status', 'list', 'Show containers in this state'),
  ],
  examples: ['compose ps', 'compose ps -a --format json', 'compose ps --status exited'],
  async run(call, names, flags) {
    const { cli } = call.world;
    const project = await projectOrName(call);
    checkServices(project, names);
    const states = statesOf(flags);
    const all = flags.bool('all');
    const found = await listContainers(cli.client, {
      all: all || states.length > 0,
      filters: { label: [`${LABEL.project}=${project.name}`, ...(all ? [] : [`${LABEL.oneOff}=False`])] },
    });
    const isKnown = (service: string): boolean =>
      project.services.has(service) || project.disabledServices.has(service);
    const shown = found
      .filter((item) => states.length === 0 || states.includes(item.State))
      .filter((item) => names.length === 0 || names.includes(serviceOf(item)))
      .filter((item) => flags.bool('orphans') || isKnown(serviceOf(item)))
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    if (flags.bool('services')) {
      for (const service of new Set(shown.map(serviceOf))) cli.out.line(service);
      return 0;
    }
    if (flags.bool('quiet')) for (const { Id } of shown) cli.out.line(Id);
    else printList(cli.out, psList(!flags.bool('no-trunc')), shown, { format: flags.string('format') });
    return 0;
  },
};

function statesOf(flags: Flags): readonly string[] {
  const filter = flags.string('filter');
  const [key, value = ''] = filter.split('=');
  if (filter === '') return flags.list('status');
  if (key === 'status') return [...flags.list('status'), value];
  throw new CliError(1, key === 'source' ? 'filter "source" is not supported' : `unknown filter ${key}`);
}

function serviceOf({ Labels }: ContainerSummary): string {
  return Labels?.[LABEL.service] ?? '';
}

function nameOf({ Names }: ContainerSummary): string {
  return (Names ?? []).map((name) => name.slice(1)).find((name) => !name.includes('/')) ?? '';
}

function psList(truncate: boolean): ListFormat<ContainerSummary> {
  const containers = containerList({ truncate, size: false });
  return {
    typeName: '*formatter.ContainerContext',
    table: '{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}',
    titles: {
      ...containers.titles,
      Name: 'NAME',
      Service: 'SERVICE',
      Project: 'PROJECT',
      Health: 'HEALTH',
      ExitCode: 'EXIT CODE',
    },
    fields: (item) => ({
      ...ownProperties(containers.fields(item)),
      ExitCode: exitCodeIn(item.Status),
      Health: /\((healthy|unhealthy|health: starting)\)/.exec(item.Status)?.[1]?.replace('health: ', '') ?? '',
      ID: truncate ? truncateId(item.Id) : item.Id,
      Image: item.Image,
      Name: nameOf(item),
      Project: item.Labels?.[LABEL.project] ?? '',
      Publishers: publishers(item),
      Service: serviceOf(item),
    }),
  };
}

/** Reads the values of getters. */
function ownProperties<T extends object>(of: T): T {
  return { ...of };
}

function exitCodeIn(status: string): number {
  return Number(/^Exited \((\d+)\)/.exec(status)?.[1] ?? 0);
}

function publishers({ Ports }: ContainerSummary) {
  return (Ports ?? []).map(({ IP, PrivatePort, PublicPort, Type }) => ({
    URL: IP ?? '',
    TargetPort: PrivatePort,
    PublishedPort: PublicPort ?? 0,
    Protocol: Type,
  }));
}
