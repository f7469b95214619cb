import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { encodeFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { naturalOrder } from '../format/natural.ts';
import { type ListFormat, printList } from '../format/table.ts';
import { labelList } from '../format/text.ts';
import { humanSize } from '../format/units.ts';

interface VolumeSummary {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Scope: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null;
}

export const listVolumes: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['volume ls', 'volume ls -q --filter dangling=true'],
  flags: [
    flag('--cluster', 'bool', 'Show only cluster volumes'),
    flag('-f, --filter', 'filter', 'Show only those that match (dangling=, driver=, label=, name=)'),
    flag('--format', 'string', "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-q, --quiet', 'bool', 'Show names only'),
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

const VOLUMES: ListFormat<VolumeSummary> = {
  typeName: '*formatter.volumeContext',
  table: '{{.Driver}}\t{{.Name}}',
  titles: {
    Name: 'VOLUME NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Availability: 'AVAILABILITY',
    Mountpoint: 'MOUNTPOINT',
    Labels: 'LABELS',
    Links: 'LINKS',
    Size: 'SIZE',
    Group: 'GROUP',
    Status: 'STATUS',
  },
  quiet: (volume) => volume.Name,
  fields: (volume) => ({
    Availability: 'N/A',
    Driver: volume.Driver,
    Group: 'N/A',
    Label: (name: string) => volume.Labels?.[name] ?? '',
    Labels: labelList(volume.Labels),
    Links: volume.UsageData == null ? 'N/A' : String(volume.UsageData.RefCount),
    Mountpoint: volume.Mountpoint,
    Name: volume.Name,
    Scope: volume.Scope,
    Size: volume.UsageData == null ? 'N/A' : humanSize(volume.UsageData.Size),
    Status: 'N/A',
  }),
};
