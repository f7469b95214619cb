import { cloneVolume } from '../../client/index.ts';
import { type Command, exactly } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { drawVolume } from './draw-volume.ts';

export const clone: Command = {
  usage: '[OPTIONS] SOURCE TARGET',
  args: exactly(2),
  examples: ['volume clone data data-before-upgrade'],
  details:
    'Creates the volume TARGET with the content and the labels of SOURCE. Shares blocks on file systems that can, such as btrfs and XFS. While containers write to SOURCE, the clone is what a crash of them would leave.',
  flags: [flag('-q, --quiet', 'bool', 'Suppress progress output')],
  async run(cli, [source = '', target = ''], flags) {
    await drawVolume(cli, await cloneVolume(cli.client, source, { to: target }), { quiet: flags.bool('quiet') });
    return 0;
  },
};
