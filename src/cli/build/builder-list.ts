import { humanSize } from '../../base/sizes.ts';
import type { WorkerRecord } from '../../client/index.ts';
import { between, type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { BUILDX_FLAGS, TIMEOUT_FLAG } from './builder-flags.ts';
import { withBuilder } from './with-builder.ts';

interface BuilderRow {
  readonly name: string;
  readonly driver: string;
  readonly status: string;
  readonly version: string;
  readonly platforms: string;
}

const BUILDERS: ListFormat<BuilderRow> = {
  typeName: '*commands.lsContext',
  table: '{{.Name}}\t{{.DriverEndpoint}}\t{{.Status}}\t{{.Buildkit}}\t{{.Platforms}}',
  titles: {
    ...{ Name: 'NAME/NODE', DriverEndpoint: 'DRIVER/ENDPOINT', Status: 'STATUS', Buildkit: 'BUILDKIT' },
    Platforms: 'PLATFORMS',
  },
  fields: ({ name, driver, status, version, platforms }) => ({
    ...{ Name: name, DriverEndpoint: driver, Status: status, Buildkit: version, Platforms: platforms },
  }),
};

export const listBuilders: Command = {
  usage: '',
  args: NO_ARGS,
  examples: ['buildx ls'],
  details: 'The engine has one builder, `default`.',
  flags: [
    flag('-D, --debug', 'bool', 'Show more of errors'),
    flag('--format', 'string', 'Print each builder with a template, or as `json`', { default: 'table' }),
    flag('--no-trunc', 'bool', "Don't truncate output"),
    TIMEOUT_FLAG,
  ],
  run: (cli, _args, flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      const [worker] = await builder.workers(signal);
      const names = platformNames(worker);
      const shown =
        flags.bool('no-trunc') || names.length <= 4
          ? names.join(', ')
          : `${names.slice(0, 4).join(', ')} (+${names.length - 4})`;
      const node = { status: 'running', version: worker?.BuildkitVersion?.version ?? '', platforms: shown };
      const rows = [
        { name: 'default*', driver: 'docker', status: '', version: '', platforms: '' },
        { name: ' \\_ default', driver: ' \\_ default', ...node },
      ];
      printList(cli.out, BUILDERS, rows, { format: flags.string('format') });
      return 0;
    }),
};

export const inspectBuilder: Command = {
  usage: '[NAME]',
  args: between(0, 1),
  examples: ['buildx inspect'],
  flags: [flag('--bootstrap', 'bool', 'Start the builder: it always runs'), ...BUILDX_FLAGS, TIMEOUT_FLAG],
  run: (cli, [name = 'default'], flags) =>
    withBuilder(cli, flags, async (builder, signal) => {
      if (name !== 'default') throw new CliError(1, `ERROR: no builder ${JSON.stringify(name)} found`);
      const workers = await builder.workers(signal);
      cli.out.write('Name:          default\nDriver:        docker\n\nNodes:\n');
      for (const worker of workers) cli.out.write(workerDetails(worker));
      return 0;
    }),
};

function workerDetails(worker: WorkerRecord): string {
  const lines = [
    'Name:             default',
    'Endpoint:         default',
    'Status:           running',
    `BuildKit version: ${worker.BuildkitVersion?.version ?? ''}`,
    `Platforms:        ${platformNames(worker).join(', ')}`,
    'Labels:',
    ...[...worker.Labels].sort().map(([key, value]) => ` ${key}: ${value}`),
    ...worker.GCPolicy.flatMap((policy, at) => [
      `GC Policy rule#${at}:`,
      ` All:            ${policy.all}`,
      ...(policy.filters.length === 0 ? [] : [` Filters:        ${policy.filters.join(',')}`]),
      ...(policy.maxUsedSpace === 0 ? [] : [` Max Used Space: ${humanSize(policy.maxUsedSpace)}`]),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function platformNames(worker: WorkerRecord | undefined): readonly string[] {
  return (worker?.platforms ?? []).map(({ OS, Architecture, Variant }) =>
    [OS, Architecture, Variant].filter((part) => part !== '').join('/'),
  );
}
