import { humanSize } from '../../../base/sizes.ts';
import { listVolumeSnapshots, type VolumeSnapshot } from '../../../client/index.ts';
import { type Command, exactly } from '../../command.ts';
import { flag } from '../../flags/flag.ts';
import { type ListFormat, printList } from '../../format/table.ts';

export const ls: Command = {
  usage: '[OPTIONS] VOLUME',
  args: exactly(1),
  examples: ['volume snapshot ls data', "volume snapshot ls --format '{{.Name}}' data"],
  flags: [
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-q, --quiet', 'bool', 'Only display names'),
  ],
  async run(cli, [volume = ''], flags) {
    const snapshots = await listVolumeSnapshots(cli.client, volume);
    printList(cli.out, SNAPSHOTS, snapshots, { format: flags.string('format'), quiet: flags.bool('quiet') });
    return 0;
  },
};

const SNAPSHOTS: ListFormat<VolumeSnapshot> = {
  typeName: '*snapshot.snapshot',
  table: '{{.Name}}\t{{.CreatedAt}}\t{{.Size}}',
  quiet: ({ Name }) => Name,
  titles: { Name: 'SNAPSHOT', CreatedAt: 'CREATED', Size: 'SIZE' },
  fields: ({ Name, CreatedAt, Size }) => ({ Name, CreatedAt, Size: humanSize(Size, 3) }),
};
