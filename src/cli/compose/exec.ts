import { atLeast } from '../command.ts';
import { exec as execCommand } from '../container/exec.ts';
import { flag } from '../flags/flag.ts';
import { isDryRun, noDryOutput, showDry } from './changing.ts';
import type { ComposeCommand } from './compose-command.ts';
import { delegate, flagWords } from './delegate.ts';
import { runningContainer } from './select-project.ts';
import { INDEX } from './shared-flags.ts';

export const exec: ComposeCommand = {
  usage: '[OPTIONS] SERVICE COMMAND [ARGS...]',
  args: atLeast(2),
  interspersed: false,
  flags: [
    flag('-d, --detach', 'bool', 'Run the command in the background'),
    flag('-e, --env', 'list', 'Set an environment variable'),
    INDEX,
    flag('-i, --interactive', 'bool', '', { default: 'true', hidden: true }),
    flag('-T, --no-tty', 'bool', 'Do not allocate a pseudo-TTY (default without a terminal)'),
    flag('--privileged', 'bool', 'Grant extended privileges to the command'),
    flag('-t, --tty', 'bool', '', { default: 'true', hidden: true }),
    flag('-u, --user', 'string', 'Set the user name or UID (<name|uid>[:<group|gid>])'),
    flag('-w, --workdir', 'string', 'Set the working directory inside the container'),
  ],
  examples: ['compose exec web sh', 'compose exec -T db pg_dump app', 'compose exec --index 2 worker ps'],
  async run(call, [service = '', ...command], flags) {
    const { cli } = call.world;
    const { project, container } = await runningContainer(call, service, flags.int('index'));
    const hasTerminal = !flags.bool('no-tty') && flags.bool('tty') && cli.stdinIsTerminal && cli.out.isTerminal;
    const isDetached = flags.bool('detach');
    if (isDryRun(call)) {
      await showDry(call, project, { id: `Container ${container.name}`, text: `Execute ${JSON.stringify(command)}` });
      if (isDetached) return 0;
      throw noDryOutput('exec');
    }
    return await delegate(cli, 'exec', execCommand, [
      ...(isDetached ? ['--detach'] : []),
      ...(flags.bool('interactive') && !isDetached ? ['--interactive'] : []),
      ...(hasTerminal && !isDetached ? ['--tty'] : []),
      ...(flags.bool('privileged') ? ['--privileged'] : []),
      ...flags.list('env').flatMap((value) => flagWords('env', value)),
      ...flagWords('user', flags.string('user')),
      ...flagWords('workdir', flags.string('workdir')),
      container.id,
      ...command,
    ]);
  },
};
