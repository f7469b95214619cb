import { messageOf } from '../../base/errors.ts';
import {
  createExec,
  inspectContainer,
  inspectExec,
  resizeExec,
  startExec,
  startExecDetached,
} from '../../client/index.ts';
import type { ExecConfig } from '../../spec/index.ts';
import { followSize, openSession, terminalSize } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { checkEnv } from './options/checks.ts';
import { readEnvironment } from './options/env-file.ts';
import { detachKeysOf } from './run.ts';

export const exec: Command = {
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: atLeast(2),
  interspersed: false,
  examples: ['exec web ls /', 'exec -it web sh', 'exec -d -e DEBUG=1 web task'],
  flags: [
    flag('-d, --detach', 'bool', 'Run the command in the background'),
    flag('--detach-keys', 'string', 'Override the key sequence that detaches from the container'),
    flag('-e, --env', 'list', 'Set an environment variable (VAR alone passes the value of the shell)', {
      check: checkEnv,
    }),
    flag('--env-file', 'list', 'Read environment variables from a file'),
    flag('-i, --interactive', 'bool', 'Keep standard input open even if not attached'),
    flag('--privileged', 'bool', 'Grant extended privileges to the command'),
    flag('-t, --tty', 'bool', 'Allocate a pseudo-TTY'),
    flag('-u, --user', 'string', 'Set the user name or UID (<name|uid>[:<group|gid>])'),
    flag('-w, --workdir', 'string', 'Set the working directory inside the container'),
  ],
  async run(cli, args, flags) {
    const [container = '', ...command] = args;
    const detach = flags.bool('detach');
    const config = execConfig(cli, flags, command);
    // The container is looked up first: a missing container is a more useful error than a missing terminal.
    await inspectContainer(cli.client, container);
    if (!detach && config.Tty === true && config.AttachStdin === true && !cli.stdinIsTerminal) {
      throw new CliError(1, 'the input device is not a TTY');
    }
    const id = await createExec(cli.client, container, config);
    if (detach) {
      await startExecDetached(cli.client, id, { tty: config.Tty === true, consoleSize: config.ConsoleSize });
      return 0;
    }
    return runExec(cli, id, config);
  },
};

function execConfig(cli: Cli, flags: Flags, command: readonly string[]): ExecConfig {
  const size = terminalSize();
  const detach = flags.bool('detach');
  let env: string[];
  try {
    env = readEnvironment(flags.list('env-file'), flags.list('env'), cli.env);
  } catch (error) {
    throw new CliError(1, messageOf(error), { cause: error });
  }
  const detachKeys = detachKeysOf(cli, flags);
  return {
    User: flags.string('user'),
    Privileged: flags.bool('privileged'),
    Tty: flags.bool('tty'),
    ...(flags.bool('tty') && size !== undefined ? { ConsoleSize: [size.rows, size.columns] } : {}),
    AttachStdin: !detach && flags.bool('interactive'),
    AttachStdout: !detach,
    AttachStderr: !detach,
    ...(detachKeys === '' ? {} : { DetachKeys: detachKeys }),
    Env: env.length === 0 ? null : env,
    WorkingDir: flags.string('workdir'),
    Cmd: command,
  };
}

async function runExec(cli: Cli, id: string, config: ExecConfig): Promise<number> {
  const tty = config.Tty === true;
  const { socket } = await startExec(cli.client, id, { tty, consoleSize: config.ConsoleSize });
  using session = openSession(cli, socket, {
    tty,
    stdin: config.AttachStdin === true,
    stdout: true,
    stderr: true,
    detachKeys: config.DetachKeys ?? '',
  });
  using sizes = tty ? followSize((size) => resizeExec(cli.client, id, size)) : undefined;
  void sizes;
  if ((await session.ended) === 'detached') throw new CliError(1, 'read escape sequence');
  return (await inspectExec(cli.client, id)).ExitCode ?? 0;
}
