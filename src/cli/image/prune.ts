import { pruneImages } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { confirmPrune, deletedList, imageNames, PRUNE_FLAGS, reclaimed } from '../prune.ts';

export const prune: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['image prune', 'image prune -a --filter until=240h'],
  flags: [flag('-a, --all', 'bool', 'Remove all unused images, not just dangling ones'), ...PRUNE_FLAGS],
  async run(cli, _args, flags) {
    const all = flags.bool('all');
    const warning = all
      ? 'WARNING! This will remove all images without at least one container associated to them.'
      : 'WARNING! This will remove all dangling images.';
    await confirmPrune(cli, flags, warning);
    const filters = parseFilters([...flags.list('filter'), `dangling=${!all}`]);
    const pruned = await pruneImages(cli.client, filters);
    cli.out.write(deletedList('Deleted Images', imageNames(pruned)) + reclaimed(pruned.SpaceReclaimed ?? 0));
    return 0;
  },
};
