import { EngineError } from '../../base/errors.ts';
import { removeContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { forEach } from '../for-each.ts';

export const rm: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['rm web', 'rm -f $(gantry ps -aq)', 'rm -v db'],
  flags: [
    flag('-f, --force', 'bool', 'Force the removal of a running container (uses SIGKILL)'),
    flag('-l, --link', 'bool', 'Remove the specified link instead of the container'),
    flag('-v, --volumes', 'bool', 'Remove anonymous volumes of the container'),
  ],
  run: (cli, names, flags) =>
    forEach(cli, names, async (given) => {
      const name = given.replace(/^\/+/, '');
      if (name === '') throw new CliError(1, 'container name cannot be empty');
      try {
        await removeContainer(cli.client, name, {
          force: flags.bool('force'),
          link: flags.bool('link'),
          volumes: flags.bool('volumes'),
        });
      } catch (error) {
        // With --force a missing container is reported, but is not a failure.
        if (!(flags.bool('force') && error instanceof EngineError && error.kind === 'notFound')) throw error;
        cli.err.line(error.message);
        return undefined;
      }
      return name;
    }),
};
