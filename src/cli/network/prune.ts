import { type Command, NO_ARGS } from '../command.ts';
import { deletedList, PRUNE_FLAGS, prune } from '../prune.ts';

export const pruneNetworks: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['network prune'],
  flags: PRUNE_FLAGS,
  async run(cli, _args, flags) {
    const pruned = await prune(cli, {
      path: '/networks/prune',
      filters: flags.list('filter'),
      force: flags.bool('force'),
      warning: 'WARNING! This will remove all custom networks not used by at least one container.',
    });
    cli.out.write(deletedList('Deleted Networks', pruned.NetworksDeleted));
    return 0;
  },
};
