import { between, type Command } from '../command.ts';
import { keyValues } from '../container/options/create-body.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';

/** Flags of cluster volumes, which single engines don't have. */
const CLUSTER = [
  'availability',
  'group',
  'limit-bytes',
  'required-bytes',
  'scope',
  'secret',
  'sharing',
  'topology-preferred',
  'topology-required',
  'type',
];

export const createVolume: Command = {
  usage: '[OPTIONS] [VOLUME]',
  args: between(0, 1),
  examples: ['volume create data', 'volume create -o type=tmpfs -o device=tmpfs -o o=size=64m scratch'],
  flags: [
    flag('--availability', 'string', 'Cluster volume: "active", "pause" or "drain"', { default: 'active' }),
    flag('-d, --driver', 'string', 'Driver of the volume', { default: 'local' }),
    flag('--group', 'string', 'Cluster volume: group that it belongs to'),
    flag('--label', 'list', 'Label of the volume'),
    flag('--limit-bytes', 'bytes', 'Cluster volume: most bytes it may have'),
    flag('-o, --opt', 'map', 'Option of the driver'),
    flag('--required-bytes', 'bytes', 'Cluster volume: least bytes it must have'),
    flag('--scope', 'string', 'Cluster volume: "single" or "multi" node', { default: 'single' }),
    flag('--secret', 'map', 'Cluster volume: secret for the driver'),
    flag('--sharing', 'string', 'Cluster volume: "none", "readonly", "onewriter" or "all"', { default: 'none' }),
    flag('--topology-preferred', 'list', 'Cluster volume: where it should be'),
    flag('--topology-required', 'list', 'Cluster volume: where it must be'),
    flag('--type', 'string', 'Cluster volume: "block" or "mount"', { default: 'block' }),
  ],
  async run(cli, [name], flags) {
    const cluster = CLUSTER.find((each) => flags.changed(each));
    if (cluster !== undefined)
      throw new CliError(1, `--${cluster} is for cluster volumes, which need an engine in cluster mode`);
    const volume = await cli.client.json<{ Name: string }>({
      method: 'POST',
      path: '/volumes/create',
      json: {
        Name: name ?? '',
        Driver: flags.string('driver'),
        DriverOpts: keyValues(flags.list('opt')),
        Labels: keyValues(flags.list('label')),
      },
    });
    cli.out.line(volume.Name);
    return 0;
  },
};
