import { pruneContainers } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { confirmPrune, deletedList, PRUNE_FLAGS, reclaimed } from '../prune.ts';

export const prune: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['container prune', 'container prune -f --filter until=24h'],
  flags: PRUNE_FLAGS,
  async run(cli, _args, flags) {
    await confirmPrune(cli, flags, 'WARNING! This will remove all stopped containers.');
    const pruned = await pruneContainers(cli.client, parseFilters(flags.list('filter')));
    cli.out.write(deletedList('Deleted Containers', pruned.ContainersDeleted) + reclaimed(pruned.SpaceReclaimed ?? 0));
    return 0;
  },
};
