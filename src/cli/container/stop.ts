import { type StopOptions, stopContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { type Flag, flag, oldName } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { forEach } from '../for-each.ts';

const timeout = flag('-t, --timeout', 'int', 'Set the seconds to wait before killing the container (-1 waits forever)');

/** The flags of `stop` and `restart`. */
export const STOP_FLAGS: readonly Flag[] = [
  flag('-s, --signal', 'string', 'Set the signal to send to the container'),
  timeout,
  oldName('--time', timeout),
];

export const stop: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['stop web', 'stop -t 30 db', 'stop $(gantry ps -q)'],
  flags: STOP_FLAGS,
  run: (cli, names, flags) =>
    forEach(cli, names, async (name) => {
      await stopContainer(cli.client, name, stopOptions(flags));
      return name;
    }),
};

export function stopOptions(flags: Flags): StopOptions {
  return {
    timeoutSeconds: flags.changed('timeout') ? flags.int('timeout') : undefined,
    signal: flags.string('signal'),
  };
}
