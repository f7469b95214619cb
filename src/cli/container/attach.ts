import { EngineError } from '../../base/errors.ts';
import {
  attachContainer,
  inspectContainer,
  killContainer,
  resizeContainer,
  waitContainer,
} from '../../client/index.ts';
import { followSize, forwardSignals, openSession } from '../../terminal/index.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { detachKeysOf } from './run.ts';

export const attach: Command = {
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  examples: ['attach shell', 'attach --no-stdin web'],
  details: 'Press ctrl-p ctrl-q, or the keys of --detach-keys, to detach. The container keeps running.',
  flags: [
    flag('--detach-keys', 'string', 'Override the key sequence that detaches from the container'),
    flag('--no-stdin', 'bool', "Don't attach standard input"),
    flag('--sig-proxy', 'bool', 'Forward received signals to the process', { default: 'true' }),
  ],
  async run(cli, [name = ''], flags) {
    const { State: state, Config: config, Id: id } = await inspectContainer(cli.client, name);
    const tty = config.Tty === true;
    if (!state.Running) throw new CliError(1, 'You cannot attach to a stopped container, start it first');
    if (state.Paused) throw new CliError(1, 'You cannot attach to a paused container, unpause it first');
    if (state.Restarting)
      throw new CliError(1, 'You cannot attach to a restarting container, wait until it is running');
    const stdin = !flags.bool('no-stdin') && config.OpenStdin === true;
    if (tty && stdin && !cli.stdinIsTerminal) throw new CliError(1, 'the input device is not a TTY');
    const keys = detachKeysOf(cli, flags);
    const [{ socket }, waiting] = await Promise.all([
      attachContainer(cli.client, id, { stdin, stdout: true, stderr: true, detachKeys: keys }),
      waitContainer(cli.client, id, 'not-running'),
    ]);
    using signals =
      flags.bool('sig-proxy') && !tty
        ? forwardSignals(cli.err, (signal) => killContainer(cli.client, id, signal))
        : undefined;
    void signals;
    using session = openSession(cli, socket, { tty, stdin, stdout: true, stderr: true, detachKeys: keys });
    using sizes = tty ? followSize((size) => resizeContainer(cli.client, id, size), { redraw: true }) : undefined;
    void sizes;
    if ((await session.ended) === 'detached') throw new CliError(1, 'read escape sequence');
    session[Symbol.dispose]();
    return exitOf(waiting.exitCode);
  },
};

async function exitOf(waiting: Promise<number>): Promise<number> {
  try {
    return await waiting;
  } catch (error) {
    // The container was removed when it ended, before this request: its exit code is not known.
    if (error instanceof EngineError && error.kind === 'notFound') return 0;
    throw error;
  }
}
