import { messageOf } from '../../base/errors.ts';
import { pathSegment } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { forEach } from '../each.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { parseRestartPolicy, sharedLimits } from './options/resources.ts';

export const update: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['update --memory 128m --cpus 1.5 web', 'update --restart unless-stopped web'],
  flags: [
    flag('--blkio-weight', 'uint16', 'Share of block I/O, 10 to 1000; 0 leaves it to the kernel'),
    flag('--cpu-period', 'int64', 'Length of a CFS period, in microseconds'),
    flag('--cpu-quota', 'int64', 'CPU time in a CFS period, in microseconds'),
    flag('--cpu-rt-period', 'int64', 'Length of a real-time period, in microseconds'),
    flag('--cpu-rt-runtime', 'int64', 'Real-time CPU time in a period, in microseconds'),
    flag('-c, --cpu-shares', 'int64', 'Share of CPU time relative to other containers'),
    flag('--cpus', 'decimal', 'Number of CPUs, fractions allowed'),
    flag('--cpuset-cpus', 'string', 'CPUs to run on (0-3, 0,1)'),
    flag('--cpuset-mems', 'string', 'Memory nodes to use (0-3, 0,1)'),
    flag('-m, --memory', 'bytes', 'Most memory it may use'),
    flag('--kernel-memory', 'bytes', '', { hidden: true }),
    flag('--memory-reservation', 'bytes', 'Memory it gets under pressure'),
    flag('--memory-swap', 'bytes', "Most memory and swap together; '-1' for any amount of swap"),
    flag('--pids-limit', 'int64', 'Most processes; -1 for any number'),
    flag('--restart', 'string', 'When to start it again after it ends'),
  ],
  async run(cli, names, flags) {
    if (!UPDATABLE.some((name) => flags.changed(name)))
      throw new CliError(1, 'you must provide one or more flags when using this command');
    let restart: object;
    try {
      restart = flags.changed('restart') ? { RestartPolicy: parseRestartPolicy(flags.string('restart')) } : {};
    } catch (error) {
      throw new CliError(1, messageOf(error), { cause: error });
    }
    const warnings: string[] = [];
    const code = await forEach(cli, names, async (name) => {
      const answer = await cli.client.json<{ Warnings?: string[] | null }>({
        method: 'POST',
        path: `/containers/${pathSegment(name)}/update`,
        json: { ...sharedLimits(flags), ...restart },
      });
      warnings.push(...(answer.Warnings ?? []));
      return name;
    });
    if (warnings.length > 0) cli.out.line(warnings.join('\n'));
    return code;
  },
};

const UPDATABLE = [
  'blkio-weight',
  'cpu-period',
  'cpu-quota',
  'cpu-rt-period',
  'cpu-rt-runtime',
  'cpu-shares',
  'cpus',
  'cpuset-cpus',
  'cpuset-mems',
  'memory',
  'memory-reservation',
  'kernel-memory',
  'memory-swap',
  'pids-limit',
  'restart',
] as const;
