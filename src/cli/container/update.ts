import { messageOf } from '../../base/errors.ts';
import { updateContainer } from '../../client/index.ts';
import { atLeast, type Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { forEach } from '../for-each.ts';
import { parseRestartPolicy, sharedLimits } from './options/resources.ts';

export const update: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: atLeast(1),
  examples: ['update --memory 128m --cpus 1.5 web', 'update --restart unless-stopped web'],
  flags: [
    flag('--blkio-weight', 'uint16', 'Set the block I/O weight (10 to 1000), or 0 to disable'),
    flag('--cpu-period', 'int64', 'Limit the CPU CFS period (microseconds)'),
    flag('--cpu-quota', 'int64', 'Limit the CPU CFS quota (microseconds per period)'),
    flag('--cpu-rt-period', 'int64', 'Limit the CPU real-time period (microseconds)'),
    flag('--cpu-rt-runtime', 'int64', 'Limit the CPU real-time runtime (microseconds per period)'),
    flag('-c, --cpu-shares', 'int64', 'Set the relative weight of CPU shares'),
    flag('--cpus', 'decimal', 'Limit the number of CPUs (decimal)'),
    flag('--cpuset-cpus', 'string', 'Restrict execution to these CPUs (0-3, 0,1)'),
    flag('--cpuset-mems', 'string', 'Restrict memory to these NUMA nodes (0-3, 0,1)'),
    flag('-m, --memory', 'bytes', 'Limit memory'),
    flag('--kernel-memory', 'bytes', '', { hidden: true }),
    flag('--memory-reservation', 'bytes', 'Set a soft memory limit'),
    flag('--memory-swap', 'bytes', "Limit memory plus swap ('-1' enables unlimited swap)"),
    flag('--pids-limit', 'int64', 'Limit the number of processes (-1 for unlimited)'),
    flag('--restart', 'string', 'Set the restart policy that applies when the container exits'),
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
      warnings.push(...(await updateContainer(cli.client, name, { ...sharedLimits(flags), ...restart })));
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
