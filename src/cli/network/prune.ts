import { pruneNetworks } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { parseFilters } from '../filters.ts';
import { confirmPrune, deletedList, PRUNE_FLAGS } from '../prune.ts';

export const prune: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['network prune'],
  flags: PRUNE_FLAGS,
  async run(cli, _args, flags) {
    const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
    await confirmPrune(cli, flags, warning);
    const pruned = await pruneNetworks(cli.client, parseFilters(flags.list('filter')));
    cli.out.write(deletedList('Deleted Networks', pruned.NetworksDeleted));
    return 0;
  },
};
