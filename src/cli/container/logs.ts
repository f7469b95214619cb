import { EngineError } from '../../base/errors.ts';
import { inspectContainer, openContainerLogs } from '../../client/index.ts';
import { Demultiplexer } from '../../io/index.ts';
import { type Command, exactly } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { apiTimestamp } from '../format/timestamp.ts';

export const logs: Command = {
  usage: '[OPTIONS] CONTAINER',
  args: exactly(1),
  examples: ['logs web', 'logs -f --tail 5 web', 'logs --since 10m -t web'],
  flags: [
    flag('--details', 'bool', 'Show extra attributes provided to logs'),
    flag('-f, --follow', 'bool', 'Follow log output'),
    flag('--since', 'string', 'Show logs since a timestamp (2013-01-02T13:23:37Z) or a relative time (42m)'),
    flag('-n, --tail', 'string', 'Show only the last N lines', { default: 'all' }),
    flag('-t, --timestamps', 'bool', 'Show timestamps'),
    flag('--until', 'string', 'Show logs until a timestamp (2013-01-02T13:23:37Z) or a relative time (42m)'),
  ],
  async run(cli, [name = ''], flags) {
    // The engine may still have the log of a container that was removed.
    const container = await inspectContainer(cli.client, name).catch((error: unknown) => {
      if (!(error instanceof EngineError && error.kind === 'notFound')) throw error;
      return undefined;
    });
    const { output, isRaw } = await openContainerLogs(cli.client, container?.Id ?? name, {
      since: apiTimestamp(flags.string('since'), 'since'),
      until: apiTimestamp(flags.string('until'), 'until'),
      timestamps: flags.bool('timestamps'),
      follow: flags.bool('follow'),
      details: flags.bool('details'),
      tail: flags.string('tail'),
    });
    const toOut = (data: Uint8Array): void => cli.out.write(data);
    const frames = new Demultiplexer(toOut, (data) => cli.err.write(data));
    const sink = (container?.Config.Tty ?? isRaw) ? toOut : (data: Buffer): void => frames.push(data);
    for await (const chunk of output) sink(chunk);
    return 0;
  },
};
