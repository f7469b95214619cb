import { type Command, NO_ARGS } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { deletedList, imageNames, PRUNE_FLAGS, prune, reclaimed } from '../prune.ts';

export const pruneImages: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['image prune', 'image prune -a --filter until=240h'],
  flags: [flag('-a, --all', 'bool', 'Remove all unused images, not just dangling ones'), ...PRUNE_FLAGS],
  async run(cli, _args, flags) {
    const all = flags.bool('all');
    const pruned = await prune(cli, {
      path: '/images/prune',
      filters: [...flags.list('filter'), `dangling=${!all}`],
      force: flags.bool('force'),
      warning: all
        ? 'WARNING! This will remove all images without at least one container associated to them.'
        : 'WARNING! This will remove all dangling images.',
    });
    cli.out.write(deletedList('Deleted Images', imageNames(pruned)) + reclaimed(pruned.SpaceReclaimed ?? 0));
    return 0;
  },
};
