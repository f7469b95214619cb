import { createVolumeSnapshot } from '../../../client/index.ts';
import { between, type Command } from '../../command.ts';
import { flag } from '../../flags/flag.ts';
import { drawVolume } from '../draw-volume.ts';

export const create: Command = {
  usage: '[OPTIONS] VOLUME [SNAPSHOT]',
  args: between(1, 2),
  examples: ['volume snapshot create data', 'volume snapshot create data before-upgrade'],
  details:
    'Keeps the content of the volume under a name; without one, the name is the time. Shares blocks on file systems that can, such as btrfs and XFS. While containers write to the volume, the snapshot is what a crash of them would leave. Removing the volume removes its snapshots.',
  flags: [flag('-q, --quiet', 'bool', 'Suppress progress output')],
  async run(cli, [volume = '', name], flags) {
    const messages = await createVolumeSnapshot(cli.client, volume, name === undefined ? {} : { name });
    await drawVolume(cli, messages, { quiet: flags.bool('quiet') });
    return 0;
  },
};
