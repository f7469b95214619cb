import { type Command, NO_ARGS } from '../command.ts';
import { deletedList, PRUNE_FLAGS, prune, reclaimed } from '../prune.ts';

export const pruneContainers: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['container prune', 'container prune -f --filter until=24h'],
  flags: PRUNE_FLAGS,
  async run(cli, _args, flags) {
    const pruned = await prune(cli, {
      path: '/containers/prune',
      filters: flags.list('filter'),
      force: flags.bool('force'),
      warning: 'WARNING! This will remove all stopped containers.',
    });
    cli.out.write(deletedList('Deleted Containers', pruned.ContainersDeleted) + reclaimed(pruned.SpaceReclaimed ?? 0));
    return 0;
  },
};
