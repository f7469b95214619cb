import { messageOf } from '../../base/errors.ts';
import {
  attachContainer,
  type Hijacked,
  killContainer,
  resizeContainer,
  startContainer,
  waitContainer,
} from '../../client/index.ts';
import type { CreateContainerBody } from '../../spec/index.ts';
import { followSize, forwardSignals, openSession, type Session } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { createFromFlags } from './create-from-flags.ts';
import { CONTAINER_FLAGS } from './options/flags.ts';
import { startError } from './start-error.ts';

export const run: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: atLeast(1),
  interspersed: false,
  details:
    'Exits with the exit code of the command, 125 if the engine refuses the container, 126 if the command cannot be executed, and 127 if the command cannot be found.',
  examples: [
    'run --rm busybox echo hello',
    'run -it --rm busybox sh',
    'run -d --name web -p 8080:80 -v site:/srv nginx',
  ],
  flags: [
    ...CONTAINER_FLAGS,
    flag('-d, --detach', 'bool', 'Run the container in the background and print its ID'),
    flag('--detach-keys', 'string', 'Override the key sequence that detaches from the container'),
    flag('--sig-proxy', 'bool', 'Forward received signals to the process', { default: 'true' }),
  ],
  async run(cli, args, flags) {
    const detach = flags.bool('detach');
    if (detach && flags.changed('attach')) {
      throw new CliError(1, 'conflicting options: cannot specify both --attach and --detach');
    }
    const interactive =
      flags.bool('interactive') || flags.list('attach').some((each) => each.toLowerCase() === 'stdin');
    if (!detach && flags.bool('tty') && interactive && !cli.stdinIsTerminal) {
      throw new CliError(1, 'the input device is not a TTY');
    }
    const { id, body } = await createFromFlags(cli, { verb: 'run', args, flags, detach });
    return detach ? runDetached(cli, id) : runAttached(cli, id, { body, flags });
  },
};

async function runDetached(cli: Cli, id: string): Promise<number> {
  try {
    await startContainer(cli.client, id);
  } catch (error) {
    throw startError(cli, 'run', error);
  } finally {
    // Printed also when the start fails: the container exists, and this is its id.
    cli.out.line(id);
  }
  return 0;
}

async function runAttached(
  cli: Cli,
  id: string,
  { body, flags }: { body: CreateContainerBody; flags: Flags },
): Promise<number> {
  const tty = body.Tty === true;
  const attached = body.AttachStdin === true || body.AttachStdout === true || body.AttachStderr === true;
  const [waiting, stream] = await Promise.all([
    waitContainer(cli.client, id, body.HostConfig?.AutoRemove === true ? 'removed' : 'next-exit'),
    attached ? attachStream(cli, id, body, flags) : undefined,
  ]);
  using signals = flags.bool('sig-proxy')
    ? forwardSignals(cli.err, (signal) => killContainer(cli.client, id, signal))
    : undefined;
  void signals;
  using session = stream === undefined ? undefined : openStream(cli, stream, { body, flags });
  try {
    await startContainer(cli.client, id);
  } catch (error) {
    session?.[Symbol.dispose]();
    // With --rm the engine removes the container now. It should be removed when this command ends.
    if (body.HostConfig?.AutoRemove === true) await waiting.exitCode.catch(() => {});
    throw startError(cli, 'run', error);
  }
  using sizes = tty && stream !== undefined ? followSize((size) => resizeContainer(cli.client, id, size)) : undefined;
  void sizes;
  if (session !== undefined && (await session.ended) === 'detached') return 0;
  if (stream === undefined) cli.out.line(id);
  session?.[Symbol.dispose]();
  return exitCodeOf(waiting.exitCode);
}

function openStream(cli: Cli, stream: Hijacked, { body, flags }: { body: CreateContainerBody; flags: Flags }): Session {
  return openSession(cli, stream.socket, {
    tty: body.Tty === true,
    stdin: body.AttachStdin === true,
    stdout: body.AttachStdout === true,
    stderr: body.AttachStderr === true,
    detachKeys: detachKeysOf(cli, flags),
  });
}

function attachStream(cli: Cli, id: string, body: CreateContainerBody, flags: Flags): Promise<Hijacked> {
  return attachContainer(cli.client, id, {
    stdin: body.AttachStdin === true,
    stdout: body.AttachStdout === true,
    stderr: body.AttachStderr === true,
    detachKeys: detachKeysOf(cli, flags),
  });
}

export function detachKeysOf(cli: Cli, flags: Flags): string {
  return flags.string('detach-keys') || (cli.config.detachKeys ?? '');
}

export async function exitCodeOf(waiting: Promise<number>): Promise<number> {
  try {
    return await waiting;
  } catch (error) {
    throw new CliError(125, messageOf(error), { cause: error });
  }
}
