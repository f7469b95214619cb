import type { Resources, Ulimit } from '../../../spec/index.ts';
import type { DeviceRequest, Service } from '../../model/index.ts';

/** Limits and devices. What `deploy.resources` says counts before the keys of the service. */
export function resourcesOf(service: Service) {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const cpus = limits?.cpus ?? service.cpus;
  const requests = [...(reservations?.devices ?? []), ...(service.gpus ?? []).map(asGpu)].map(deviceRequest);
  const [named, files] = [service.devices?.filter(isQualified), service.devices?.filter((each) => !isQualified(each))];
  const names = (named ?? []).map(({ source = '' }) => source);
  if (names.length > 0)
    requests.push({ ...deviceRequest({ driver: 'cdi', count: 0 }), DeviceIDs: names, Capabilities: null });
  return {
    NanoCpus: cpus === undefined ? undefined : wholeOf(cpus * 1e9),
    Memory: limits?.memory ?? service.mem_limit,
    MemoryReservation: reservations?.memory ?? service.mem_reservation,
    MemorySwap: service.memswap_limit,
    MemorySwappiness: service.mem_swappiness,
    PidsLimit: limits?.pids ?? service.pids_limit,
    CgroupParent: service.cgroup_parent,
    CpuCount: service.cpu_count,
    // As Compose: the engine counts hundredths of a percent.
    CpuPercent: service.cpu_percent === undefined ? undefined : wholeOf(service.cpu_percent * 100),
    CpuPeriod: service.cpu_period,
    CpuQuota: service.cpu_quota,
    CpuRealtimePeriod: service.cpu_rt_period,
    CpuRealtimeRuntime: service.cpu_rt_runtime,
    CpuShares: service.cpu_shares,
    CpusetCpus: service.cpuset,
    OomKillDisable: service.oom_kill_disable,
    DeviceCgroupRules: service.device_cgroup_rules,
    Devices: files?.map(({ source = '', target = '', permissions = 'rwm' }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    DeviceRequests: requests.length === 0 ? undefined : requests,
    Ulimits: ulimitsOf(service),
    ...blkioOf(service),
  };
}

/** Compose computes with single precision: 0.3 processors are 300000000 billionths. */
function wholeOf(value: number): number {
  return Math.trunc(Math.fround(value));
}

/** Whether a device is one of the Container Device Interface: `VENDOR/CLASS=NAME`. */
function isQualified({ source = '', target = '' }: { readonly source?: string; readonly target?: string }): boolean {
  return source === target && /^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*=[A-Za-z0-9][\w.:-]*$/.test(source);
}

function asGpu(request: DeviceRequest): DeviceRequest {
  return { ...request, capabilities: [...(request.capabilities ?? []), 'gpu'] };
}

function deviceRequest({ driver, count, device_ids, capabilities, options }: DeviceRequest): object {
  return {
    Driver: driver ?? '',
    Count: count ?? (device_ids === undefined ? -1 : 0),
    DeviceIDs: device_ids ?? null,
    Capabilities: [capabilities ?? []],
    Options: options === undefined ? null : Object.fromEntries(options),
  };
}

function ulimitsOf({ ulimits }: Service): readonly Ulimit[] | undefined {
  if (ulimits === undefined) return undefined;
  return [...ulimits].flatMap(([name, limit]) => {
    if (limit === null) return [];
    const { single, soft, hard } = limit;
    return [{ Name: name, Soft: single === 0 ? soft : single, Hard: single === 0 ? hard : single }];
  });
}

function blkioOf({ blkio_config: config }: Service): Partial<Resources> {
  if (config === undefined) return {};
  const rates = (devices: typeof config.device_read_bps): Resources['BlkioDeviceReadBps'] | undefined =>
    devices?.map(({ path = '', rate = 0 }) => ({ Path: path, Rate: rate }));
  const found = {
    BlkioWeight: config.weight,
    BlkioWeightDevice: config.weight_device?.map(({ path = '', weight = 0 }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(config.device_read_bps),
    BlkioDeviceWriteBps: rates(config.device_write_bps),
    BlkioDeviceReadIOps: rates(config.device_read_iops),
    BlkioDeviceWriteIOps: rates(config.device_write_iops),
  };
  return found as Partial<Resources>;
}
