import { pruneVolumes } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { confirmPrune, deletedList, PRUNE_FLAGS, reclaimed } from '../prune.ts';

export const prune: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['volume prune', 'volume prune -a'],
  flags: [flag('-a, --all', 'bool', 'Remove all unused volumes, not just anonymous ones'), ...PRUNE_FLAGS],
  async run(cli, _args, flags) {
    const all = flags.bool('all');
    const filters = [...flags.list('filter')];
    if (all && filters.some((each) => each.startsWith('all=')))
      throw new CliError(125, 'conflicting options: cannot specify both --all and --filter all=1');
    if (all) filters.push('all=true');
    const warning = all
      ? 'WARNING! This will remove all volumes not used by at least one container.'
      : 'WARNING! This will remove anonymous local volumes not used by at least one container.';
    await confirmPrune(cli, flags, warning);
    const pruned = await pruneVolumes(cli.client, parseFilters(filters));
    cli.out.write(deletedList('Deleted Volumes', pruned.VolumesDeleted) + reclaimed(pruned.SpaceReclaimed ?? 0));
    return 0;
  },
};
