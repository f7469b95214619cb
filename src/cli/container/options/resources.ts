import type { Resources, RestartPolicy } from '../../../spec/index.ts';
import type { Flags } from '../../flags/parse.ts';
import { bytesOf, parseNanoCpus } from '../../flags/values.ts';
import { splitDevice } from './checks.ts';
import { parseGpus } from './gpus.ts';
import { parseUlimit } from './ulimit.ts';

function bytes(flags: Flags, name: string): number {
  const value = flags.string(name);
  if (value === '' || value === '0') return 0;
  return value === '-1' ? -1 : bytesOf(value);
}

/** The limits that `run`, `create` and `update` share. */
export function sharedLimits(flags: Flags): Resources {
  return {
    BlkioWeight: flags.int('blkio-weight'),
    CpuPeriod: flags.int('cpu-period'),
    CpuQuota: flags.int('cpu-quota'),
    CpuRealtimePeriod: flags.int('cpu-rt-period'),
    CpuRealtimeRuntime: flags.int('cpu-rt-runtime'),
    CpuShares: flags.int('cpu-shares'),
    CpusetCpus: flags.string('cpuset-cpus'),
    CpusetMems: flags.string('cpuset-mems'),
    Memory: bytes(flags, 'memory'),
    MemoryReservation: bytes(flags, 'memory-reservation'),
    MemorySwap: bytes(flags, 'memory-swap'),
    NanoCpus: flags.changed('cpus') ? Number(parseNanoCpus(flags.string('cpus'))) : 0,
    ...(flags.changed('pids-limit') ? { PidsLimit: flags.int('pids-limit') } : {}),
  };
}

/** All limits and devices of a new container. @throws Error */
export function parseResources(flags: Flags): Resources {
  const swappiness = flags.int('memory-swappiness');
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const rates = (name: string, read: (text: string) => number): { Path: string; Rate: number }[] =>
    flags.list(name).map((value) => {
      const { path, rest } = splitDevice(value);
      return { Path: path, Rate: read(rest) };
    });
  const cdi = flags.list('device').filter(isCdi);
  const rules = flags.list('device-cgroup-rule');
  const requests = [
    ...flags.list('gpus').map((value) => parseGpus(value)),
    ...(cdi.length > 0 ? [{ Driver: 'cdi', DeviceIDs: cdi }] : []),
  ];
  return {
    ...sharedLimits(flags),
    CgroupParent: flags.string('cgroup-parent'),
    BlkioWeightDevice: flags.list('blkio-weight-device').map((value) => {
      const { path, rest } = splitDevice(value);
      return { Path: path, Weight: Number(rest) };
    }),
    BlkioDeviceReadBps: rates('device-read-bps', bytesOf),
    BlkioDeviceWriteBps: rates('device-write-bps', bytesOf),
    BlkioDeviceReadIOps: rates('device-read-iops', Number),
    BlkioDeviceWriteIOps: rates('device-write-iops', Number),
    Devices: flags
      .list('device')
      .filter((value) => !isCdi(value))
      .map(parseDevice),
    DeviceCgroupRules: rules.length === 0 ? null : rules,
    DeviceRequests: requests.length === 0 ? null : requests,
    Ulimits: flags.list('ulimit').map(parseUlimit),
    OomKillDisable: flags.bool('oom-kill-disable'),
    ...(swappiness === -1 ? {} : { MemorySwappiness: swappiness }),
  };
}

/** Whether the value has the form `vendor.com/class=name` (Container Device Interface). */
function isCdi(value: string): boolean {
  return !value.startsWith('/') && value.includes('=');
}

function parseDevice(value: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [host = '', second, third] = value.split(':');
  const onlyMode = third === undefined && second !== undefined && /^[rwm]{1,3}$/.test(second);
  return {
    PathOnHost: host,
    PathInContainer: onlyMode || second === undefined ? host : second,
    CgroupPermissions: (onlyMode ? second : third) ?? 'rwm',
  };
}

/** Parses `no`, `always`, `unless-stopped`, `on-failure[:N]`. @throws Error in docker's words */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = '', count, ...more] = text.split(':');
  if (name === '' && count !== undefined)
    throw new Error('invalid restart policy format: no policy provided before colon');
  if (more.length > 0 || (count !== undefined && !/^-?\d+$/.test(count))) {
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  }
  return {
    Name: name as NonNullable<RestartPolicy['Name']>,
    MaximumRetryCount: count === undefined ? 0 : Number(count),
  };
}
