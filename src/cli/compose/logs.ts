import { inspectContainer, type LogOptions } from '../../client/index.ts';
import {
  followProject,
  isRunning,
  LogPrinter,
  type LogSource,
  printLogs,
  printMergedLogs,
  type RunningContainer,
} from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { Flags } from '../flags/parse.ts';
import { apiTimestamp } from '../format/timestamp.ts';
import { hasAnsi, INTERRUPTED } from './changing.ts';
import type { ComposeCall, ComposeCommand } from './compose-command.ts';
import { containersOf, projectOrName } from './select-project.ts';
import { INDEX } from './shared-flags.ts';
import { shownName } from './shown-name.ts';

export const logs: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('-f, --follow', 'bool', 'Follow log output, also of containers that start later'),
    INDEX,
    flag('--no-color', 'bool', 'Show output without colors'),
    flag('--no-log-prefix', 'bool', 'Show output without the names of containers'),
    flag('--since', 'string', 'Show logs since a timestamp (2013-01-02T13:23:37Z) or a relative time (42m)'),
    flag('-n, --tail', 'string', 'Show only the last N lines of each container', { default: 'all' }),
    flag('-t, --timestamps', 'bool', 'Show timestamps'),
    flag('--until', 'string', 'Show logs until a timestamp (2013-01-02T13:23:37Z) or a relative time (42m)'),
  ],
  examples: ['compose logs', 'compose logs -f web', 'compose logs --tail 10 -t'],
  async run(call, names, flags) {
    const { cli } = call.world;
    const project = await projectOrName(call);
    const index = flags.int('index');
    if (index > 0 && names.length !== 1) throw new CliError(1, '--index requires one service to be selected');
    const containers = (await containersOf(call, project, names)).filter(
      ({ number }) => index === 0 || number === index,
    );
    const printer = printerOf(call, flags);
    const signal = new AbortController();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(INTERRUPTED));
    if (!flags.bool('follow')) {
      const sources = await sourcesOf(call, project.name, containers);
      await printMergedLogs(cli.client, sources, { printer, options: optionsOf(flags) }, signal.signal);
      return 0;
    }
    await follow(call, { project: project.name, names, containers, printer, flags });
    return 0;
  },
};

function printerOf(call: ComposeCall, flags: Flags): LogPrinter {
  const { out, err } = call.world.cli;
  const style = { hasPrefix: !flags.bool('no-log-prefix'), hasColor: !flags.bool('no-color') && hasAnsi(call, out) };
  return new LogPrinter({ out: (text) => out.write(text), err: (text) => err.write(text) }, style);
}

function optionsOf(flags: Flags): LogOptions {
  return {
    since: apiTimestamp(flags.string('since'), 'since'),
    until: apiTimestamp(flags.string('until'), 'until'),
    timestamps: flags.bool('timestamps'),
    tail: flags.string('tail'),
  };
}

function sourcesOf(call: ComposeCall, project: string, containers: readonly RunningContainer[]): Promise<LogSource[]> {
  return Promise.all(
    containers.map(async (container) => {
      const { Config } = await inspectContainer(call.world.cli.client, container.id);
      return { id: container.id, name: shownName(project, container), hasTerminal: Config.Tty === true };
    }),
  );
}

interface Following {
  readonly project: string;
  readonly names: readonly string[];
  readonly containers: readonly RunningContainer[];
  readonly printer: LogPrinter;
  readonly flags: Flags;
}

/** Prints what is there, then what comes, until no container runs any more. */
async function follow(call: ComposeCall, { project, names, containers, printer, flags }: Following): Promise<void> {
  const { client } = call.world.cli;
  const sources = await sourcesOf(call, project, containers);
  printer.announce(sources.map(({ name }) => name));
  const running = new Set(containers.filter(isRunning).map(({ id }) => id));
  const done = Promise.withResolvers<void>();
  using follower = await followProject(client, {
    ...{ project, printer, timestamps: flags.bool('timestamps') },
    shows: (service) => names.length === 0 || names.includes(service),
    nameOf: (container) => shownName(project, container),
    onEnd: ({ id, restarts }) => {
      if (restarts) return;
      running.delete(id);
      if (running.size === 0) done.resolve();
    },
  });
  const signal = new AbortController();
  const options = { ...optionsOf(flags), follow: true };
  const all = sources.map((source) => printLogs(client, source, { printer, options }, signal.signal));
  await Promise.race([Promise.all(all).then(() => (running.size === 0 ? undefined : done.promise)), follower.failed]);
}
