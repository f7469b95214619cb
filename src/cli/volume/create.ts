import { createVolume } from '../../client/index.ts';
import { between, type Command } from '../command.ts';
import { keyValues } from '../container/options/create-body.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';

/** Flags of cluster volumes, which a single engine does not support. */
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

export const create: Command = {
  usage: '[OPTIONS] [VOLUME]',
  args: between(0, 1),
  examples: [
    'volume create data',
    'volume create -o size=1g data',
    'volume create -o type=tmpfs -o device=tmpfs -o o=size=64m scratch',
  ],
  flags: [
    flag('--availability', 'string', 'Set the availability of a cluster volume ("active", "pause", "drain")', {
      default: 'active',
    }),
    flag('-d, --driver', 'string', 'Select the volume driver', { default: 'local' }),
    flag('--group', 'string', 'Set the group of a cluster volume'),
    flag('--label', 'list', 'Set a label on the volume'),
    flag('--limit-bytes', 'bytes', 'Limit the size of a cluster volume (bytes)'),
    flag('-o, --opt', 'map', 'Set an option of the driver'),
    flag('--required-bytes', 'bytes', 'Require a minimum size of a cluster volume (bytes)'),
    flag('--scope', 'string', 'Set the access scope of a cluster volume ("single", "multi")', { default: 'single' }),
    flag('--secret', 'map', 'Pass a secret to the driver of a cluster volume'),
    flag('--sharing', 'string', 'Set the sharing of a cluster volume ("none", "readonly", "onewriter", "all")', {
      default: 'none',
    }),
    flag('--topology-preferred', 'list', 'Prefer this topology for a cluster volume'),
    flag('--topology-required', 'list', 'Require this topology for a cluster volume'),
    flag('--type', 'string', 'Set the access type of a cluster volume ("mount", "block")', { default: 'block' }),
  ],
  async run(cli, [name], flags) {
    const cluster = CLUSTER.find((each) => flags.changed(each));
    if (cluster !== undefined)
      throw new CliError(1, `--${cluster} applies to cluster volumes, which need an engine in swarm mode`);
    const volume = await createVolume(cli.client, {
      Name: name ?? '',
      Driver: flags.string('driver'),
      DriverOpts: keyValues(flags.list('opt')),
      Labels: keyValues(flags.list('label')),
    });
    cli.out.line(volume.Name);
    return 0;
  },
};
