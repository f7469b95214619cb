import { EngineError } from '../../base/errors.ts';
import {
  attachContainer,
  inspectContainer,
  killContainer,
  resizeContainer,
  startContainer,
  waitContainer,
} from '../../client/index.ts';
import { followSize, forwardSignals, openSession } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { forEach } from '../for-each.ts';
import { detachKeysOf } from './run.ts';

export const start: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['start web db', 'start -ai shell'],
  flags: [
    flag('-a, --attach', 'bool', 'Attach standard output and error, and forward signals'),
    flag('--checkpoint', 'string', 'Restore from this checkpoint'),
    flag('--checkpoint-dir', 'string', 'Use a custom directory of checkpoints'),
    flag('--detach-keys', 'string', 'Override the key sequence that detaches from the container'),
    flag('-i, --interactive', 'bool', "Attach the container's standard input"),
  ],
  async run(cli, names, flags) {
    if (flags.bool('attach') || flags.bool('interactive')) {
      if (names.length > 1) throw new CliError(1, 'you cannot start and attach multiple containers at once');
      return startAttached(cli, names[0] ?? '', flags);
    }
    const failed: string[] = [];
    const code = await forEach(cli, names, async (name) => {
      try {
        await startOne(cli, name, flags);
      } catch (error) {
        if (error instanceof EngineError && error.kind === 'unavailable') throw error;
        failed.push(name);
        throw error;
      }
      return name;
    });
    if (failed.length > 0)
      cli.err.line(`Error: failed to start containers: ${names.filter((name) => failed.includes(name)).join(', ')}`);
    return code;
  },
};

async function startOne(cli: Cli, name: string, flags: Flags): Promise<void> {
  const options = { checkpoint: flags.string('checkpoint'), checkpointDir: flags.string('checkpoint-dir') };
  await startContainer(cli.client, name, options);
}

async function startAttached(cli: Cli, name: string, flags: Flags): Promise<number> {
  const container = await inspectContainer(cli.client, name);
  const { Id: id, Config: config } = container;
  const tty = config.Tty === true;
  const removed = container.HostConfig.AutoRemove === true;
  const stdin = flags.bool('interactive') && config.OpenStdin === true;
  if (tty && stdin && !cli.stdinIsTerminal) throw new CliError(1, 'the input device is not a TTY');
  const keys = detachKeysOf(cli, flags);
  const [{ socket }, waiting] = await Promise.all([
    attachContainer(cli.client, id, { stdin, stdout: true, stderr: true, detachKeys: keys }),
    waitContainer(cli.client, id, removed ? 'removed' : 'next-exit'),
  ]);
  using signals = tty ? undefined : forwardSignals(cli.err, (signal) => killContainer(cli.client, id, signal));
  void signals;
  using session = openSession(cli, socket, { tty, stdin, stdout: true, stderr: true, detachKeys: keys });
  try {
    await startOne(cli, id, flags);
  } catch (error) {
    session[Symbol.dispose]();
    if (removed) await waiting.exitCode.catch(() => {});
    throw error;
  }
  using sizes = tty ? followSize((size) => resizeContainer(cli.client, id, size)) : undefined;
  void sizes;
  if ((await session.ended) === 'detached') return 0;
  session[Symbol.dispose]();
  return waiting.exitCode;
}
