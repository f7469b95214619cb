import { restoreVolume } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { drawVolume } from './draw-volume.ts';

export const restore: Command = {
  usage: '[OPTIONS] VOLUME SNAPSHOT',
  args: exactly(2),
  examples: ['volume restore data before-upgrade'],
  details:
    'Replaces the content of the volume at once, when the whole snapshot is copied, and keeps the snapshot. Refuses a volume that a running container has mounted.',
  flags: [flag('-q, --quiet', 'bool', 'Suppress progress output')],
  async run(cli, [name = '', snapshot = ''], flags) {
    await drawVolume(cli, await restoreVolume(cli.client, name, { snapshot }), { quiet: flags.bool('quiet') });
    return 0;
  },
};
