import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, messageOf } from '../../base/errors.ts';
import { binarySize, humanSize } from '../../base/sizes.ts';
import {
  containerStats,
  listContainers,
  type StatsSample,
  watchContainerStats,
  watchEvents,
} from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { atLeast, type Command } from '../command.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, renderList } from '../format/table.ts';
import { ellipsis, truncateId } from '../format/text.ts';
import { type Usage, usageOf } from './stats-sample.ts';

const REFRESH_MILLIS = 500;

interface Row {
  /** The name that the user gave. */
  readonly container: string;
  readonly sample: StatsSample | undefined;
  readonly usage: Usage | undefined;
}

export const stats: Command = {
  usage: '[OPTIONS] [CONTAINER...]',
  args: atLeast(0),
  examples: ['stats', "stats --no-stream --format '{{.Name}} {{.MemUsage}}'"],
  flags: [
    flag('-a, --all', 'bool', 'Show all containers (only running ones are shown by default)'),
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('--no-stream', 'bool', 'Print the first result and exit'),
    flag('--no-trunc', 'bool', "Don't truncate output"),
  ],
  async run(cli, names, flags) {
    const format = flags.string('format') || (cli.config.statsFormat ?? '');
    const kind = statsList(!flags.bool('no-trunc'));
    const listed = names.length > 0 ? names : await running(cli, flags.bool('all'));
    if (flags.bool('no-stream')) {
      const results = await Promise.all(
        listed.map((name) =>
          once(cli, name).then(
            (row) => ({ row }),
            (error: unknown) => ({ error }),
          ),
        ),
      );
      const rows = results.flatMap((result) => ('row' in result ? [result.row] : []));
      if (rows.length > 0 || names.length === 0) cli.out.write(renderList(kind, rows, { format }));
      const faults = results.flatMap((result) => ('error' in result ? [messageOf(result.error)] : []));
      for (const fault of faults) cli.err.line(fault);
      return faults.length > 0 ? 1 : 0;
    }
    return watch(cli, listed, { follow: names.length === 0, draw: (rows) => renderList(kind, rows, { format }) });
  },
};

async function running(cli: Cli, all: boolean): Promise<string[]> {
  return (await listContainers(cli.client, { all })).map(({ Id: id }) => id);
}

async function once(cli: Cli, name: string): Promise<Row> {
  const sample = await containerStats(cli.client, name);
  return { container: name, sample, usage: usageOf(sample) };
}

/**
 * Redraws until there is nothing left to watch. With `follow`, containers are added when they start and removed when
 * they end.
 */
async function watch(
  cli: Cli,
  listed: readonly string[],
  options: { follow: boolean; draw: (rows: readonly Row[]) => string },
): Promise<number> {
  const rows = new Map<string, Row>();
  const faults: unknown[] = [];
  const add = (name: string): void => {
    if (rows.has(name)) return;
    rows.set(name, { container: name, sample: undefined, usage: undefined });
    void collect(cli, name, rows)
      .catch((error: unknown) => {
        if (!options.follow && !(error instanceof EngineError && error.kind === 'cancelled')) faults.push(error);
      })
      .finally(() => rows.delete(name));
  };
  for (const name of listed) add(name);
  if (options.follow) void followStarts(cli, add).catch((error: unknown) => faults.push(error));
  while ((options.follow || rows.size > 0) && faults.length === 0) {
    cli.out.write(`\x1b[H\x1b[J${options.draw([...rows.values()])}`);
    await sleep(REFRESH_MILLIS);
  }
  for (const fault of faults) cli.err.line(messageOf(fault));
  return faults.length > 0 ? 1 : 0;
}

async function collect(cli: Cli, name: string, rows: Map<string, Row>): Promise<void> {
  for await (const sample of await watchContainerStats(cli.client, name)) {
    rows.set(name, { container: name, sample, usage: usageOf(sample) });
  }
}

async function followStarts(cli: Cli, add: (id: string) => void): Promise<void> {
  const filters = { type: ['container'], event: ['start'] };
  for await (const event of await watchEvents(cli.client, { filters })) add(event.Actor.ID);
}

function statsList(truncate: boolean): ListFormat<Row> {
  const percent = (value: number | undefined): string => (value === undefined ? '--' : `${value.toFixed(2)}%`);
  return {
    typeName: '*container.statsContext',
    table: '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
    titles: {
      Container: 'CONTAINER',
      ID: 'CONTAINER ID',
      Name: 'NAME',
      CPUPerc: 'CPU %',
      MemUsage: 'MEM USAGE / LIMIT',
      MemPerc: 'MEM %',
      NetIO: 'NET I/O',
      BlockIO: 'BLOCK I/O',
      PIDs: 'PIDS',
    },
    fields: ({ container, sample, usage }) => ({
      BlockIO: usage === undefined ? '--' : `${humanSize(usage.readBytes, 3)} / ${humanSize(usage.writtenBytes, 3)}`,
      CPUPerc: percent(usage?.cpuPercent),
      Container: container,
      ID: truncate ? truncateId(sample?.id ?? container) : (sample?.id ?? container),
      MemPerc: percent(
        usage === undefined
          ? undefined
          : usage.memoryLimitBytes === 0
            ? 0
            : (usage.memoryBytes / usage.memoryLimitBytes) * 100,
      ),
      MemUsage:
        usage === undefined ? '-- / --' : `${binarySize(usage.memoryBytes)} / ${binarySize(usage.memoryLimitBytes)}`,
      Name: truncate
        ? ellipsis((sample?.name ?? '--').replace(/^\//, ''), 64)
        : (sample?.name ?? '--').replace(/^\//, ''),
      NetIO: usage === undefined ? '--' : `${humanSize(usage.receivedBytes, 3)} / ${humanSize(usage.sentBytes, 3)}`,
      PIDs: usage === undefined ? '--' : String(usage.processes),
    }),
  };
}
