import { EngineError } from '../../base/errors.ts';
import { pruneBuildCache, pruneContainers, pruneImages, pruneNetworks, pruneVolumes } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { confirm } from '../prompt.ts';
import { deletedList, imageNames, PRUNE_FLAGS, reclaimed } from '../prune.ts';

export const prune: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['system prune', 'system prune -af --volumes'],
  flags: [
    flag('-a, --all', 'bool', 'Remove all unused images, not just dangling ones'),
    ...PRUNE_FLAGS,
    flag('--volumes', 'bool', 'Remove unused anonymous volumes as well'),
  ],
  async run(cli, _args, flags) {
    const filters = flags.list('filter');
    const [all, volumes] = [flags.bool('all'), flags.bool('volumes')];
    if (volumes && filters.some((each) => each.startsWith('until=')))
      throw new CliError(1, 'ERROR: The "until" filter is not supported with "--volumes"');
    if (!flags.bool('force')) await confirm(cli, warning({ all, volumes, filters }));
    const conditions = parseFilters(filters);
    let freed = 0;
    const containers = await pruneContainers(cli.client, conditions);
    cli.out.write(deletedList('Deleted Containers', containers.ContainersDeleted));
    const networks = await pruneNetworks(cli.client, conditions);
    cli.out.write(deletedList('Deleted Networks', networks.NetworksDeleted));
    if (volumes) {
      const pruned = await pruneVolumes(cli.client, conditions);
      cli.out.write(deletedList('Deleted Volumes', pruned.VolumesDeleted));
      freed += pruned.SpaceReclaimed ?? 0;
    }
    const images = await pruneImages(cli.client, parseFilters([...filters, `dangling=${!all}`]));
    cli.out.write(deletedList('Deleted Images', imageNames(images)));
    try {
      const cache = await pruneBuildCache(cli.client, { all });
      cli.out.write(deletedList('Deleted build cache objects', cache.CachesDeleted));
      freed += cache.SpaceReclaimed ?? 0;
    } catch (error) {
      // An engine without a builder has no cache to prune.
      if (!(error instanceof EngineError && (error.kind === 'notFound' || error.kind === 'notImplemented')))
        throw error;
    }
    cli.out.write(reclaimed(freed + (containers.SpaceReclaimed ?? 0) + (images.SpaceReclaimed ?? 0)));
    return 0;
  },
};

function warning({ all, volumes, filters }: { all: boolean; volumes: boolean; filters: readonly string[] }): string {
  const what = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  const which =
    filters.length === 0
      ? ''
      : `\n  Items to be pruned will be filtered with:\n${filters.map((each) => `  - ${each}\n`).join('')}`;
  return `WARNING! This will remove:\n${what.map((each) => `  - ${each}\n`).join('')}${which}`;
}
