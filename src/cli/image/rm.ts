import { EngineError, messageOf } from '../../base/errors.ts';
import { removeImage } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { platformsOf } from './platform.ts';

export const rm: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: atLeast(1),
  examples: ['rmi busybox:old', 'rmi -f $(gantry images -q --filter dangling=true)'],
  flags: [
    flag('-f, --force', 'bool', 'Force removal of the image'),
    flag('--no-prune', 'bool', "Don't delete untagged parent images"),
    flag('--platform', 'stringSlice', 'Remove only the given platform (os[/arch[/variant]])'),
  ],
  async run(cli, names, flags) {
    const force = flags.bool('force');
    const faults: string[] = [];
    let fatal = false;
    for (const name of names) {
      try {
        const removed = await removeImage(cli.client, name, {
          force,
          keepParents: flags.bool('no-prune'),
          platforms: platformsOf(flags.list('platform')),
        });
        for (const each of removed)
          cli.out.line(
            each.Deleted === undefined || each.Deleted === ''
              ? `Untagged: ${each.Untagged ?? ''}`
              : `Deleted: ${each.Deleted}`,
          );
      } catch (error) {
        if (!(force && error instanceof EngineError && error.kind === 'notFound')) fatal = true;
        faults.push(messageOf(error));
      }
    }
    for (const fault of faults) cli.err.line(fault);
    return fatal ? 1 : 0;
  },
};
