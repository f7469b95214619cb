import * as z from 'zod/mini';
import {
  goBool,
  goFileMode,
  goInt,
  goList,
  goMap,
  goPair,
  goPath,
  goPathMap,
  goPlainInt,
  goString,
  goStringOf,
  goStringOrList,
  goStringType,
  goStruct,
  goUint16,
  goUint64,
  goZeroed,
} from '../codec/go-json.ts';

const strings = goList(goString, '');
const paths = goList(goPath, '');
const stringMap = goMap(goString, '');

const weightDevices = goList(
  goZeroed('blkiodev.WeightDevice', { Path: goString, Weight: goUint16 }, { Path: '', Weight: 0 }),
  undefined,
  { pointers: true },
);
const throttleDevices = goList(
  goZeroed('blkiodev.ThrottleDevice', { Path: goString, Rate: goUint64 }, { Path: '', Rate: 0 }),
  undefined,
  { pointers: true },
);
const ulimits = goList(
  goZeroed('units.Ulimit', { Name: goString, Soft: goInt, Hard: goInt }, { Name: '', Soft: 0, Hard: 0 }),
  undefined,
  { pointers: true },
);

export const restartPolicy = goStruct('container.RestartPolicy', {
  Name: goStringOf<'' | 'no' | 'always' | 'unless-stopped' | 'on-failure'>('container.RestartPolicyMode'),
  MaximumRetryCount: goPlainInt,
});

const deviceRequest = goStruct('container.DeviceRequest', {
  Driver: goString,
  Count: goPlainInt,
  DeviceIDs: strings,
  Capabilities: goList(strings),
  Options: stringMap,
}) as unknown as z.ZodMiniType<object>;

/** The fields that `update` accepts too. */
export const resourceFields = {
  CpuShares: goInt,
  Memory: goInt,
  NanoCpus: goInt,
  CgroupParent: goPath,
  BlkioWeight: goUint16,
  BlkioWeightDevice: weightDevices,
  BlkioDeviceReadBps: throttleDevices,
  BlkioDeviceWriteBps: throttleDevices,
  BlkioDeviceReadIOps: throttleDevices,
  BlkioDeviceWriteIOps: throttleDevices,
  CpuPeriod: goInt,
  CpuQuota: goInt,
  CpuRealtimePeriod: goInt,
  CpuRealtimeRuntime: goInt,
  CpusetCpus: goString,
  CpusetMems: goString,
  Devices: goList(
    goStruct('container.DeviceMapping', {
      PathOnHost: goPath,
      PathInContainer: goPath,
      CgroupPermissions: goString,
    }),
  ),
  DeviceCgroupRules: strings,
  DeviceRequests: goList(deviceRequest),
  MemoryReservation: goInt,
  MemorySwap: goInt,
  MemorySwappiness: goInt,
  OomKillDisable: goBool,
  PidsLimit: goInt,
  Ulimits: ulimits,
  CpuCount: goInt,
  CpuPercent: goInt,
  IOMaximumIOps: goUint64,
  IOMaximumBandwidth: goUint64,
};

const portBinding = goStruct('nat.PortBinding', { HostIp: goString, HostPort: goString });

const mount = goStruct('mount.Mount', {
  Type: goStringOf<'bind' | 'volume' | 'tmpfs' | 'npipe' | 'cluster' | 'image'>('mount.Type'),
  Source: goPath,
  Target: goPath,
  ReadOnly: goBool,
  Consistency: goStringType('mount.Consistency'),
  BindOptions: goStruct('mount.BindOptions', {
    Propagation: goStringType('mount.Propagation'),
    NonRecursive: goBool,
    CreateMountpoint: goBool,
    ReadOnlyNonRecursive: goBool,
    ReadOnlyForceRecursive: goBool,
  }),
  VolumeOptions: goStruct('mount.VolumeOptions', {
    NoCopy: goBool,
    Labels: stringMap,
    DriverConfig: goStruct('mount.Driver', { Name: goString, Options: stringMap }),
    Subpath: goPath,
  }),
  TmpfsOptions: goStruct('mount.TmpfsOptions', { SizeBytes: goInt, Mode: goFileMode, Options: goList(strings) }),
  ImageOptions: goStruct('mount.ImageOptions', { Subpath: goPath }),
});

export const hostConfig = goStruct('container.HostConfig', {
  ...resourceFields,
  Binds: paths,
  ContainerIDFile: goPath,
  LogConfig: goStruct('container.LogConfig', { Type: goString, Config: stringMap }),
  NetworkMode: goStringType('container.NetworkMode'),
  PortBindings: goMap(z.nullable(goList(portBinding, {})), null, 'nat.PortMap'),
  RestartPolicy: restartPolicy,
  AutoRemove: goBool,
  VolumeDriver: goString,
  VolumesFrom: strings,
  ConsoleSize: goPair,
  Annotations: stringMap,
  CapAdd: goStringOrList,
  CapDrop: goStringOrList,
  CgroupnsMode: goStringOf<'' | 'private' | 'host'>('container.CgroupnsMode'),
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: goStringType('container.IpcMode'),
  Cgroup: goStringType('container.CgroupSpec'),
  Links: strings,
  OomScoreAdj: goPlainInt,
  PidMode: goStringType('container.PidMode'),
  Privileged: goBool,
  PublishAllPorts: goBool,
  ReadonlyRootfs: goBool,
  SecurityOpt: strings,
  StorageOpt: stringMap,
  Tmpfs: goPathMap(goPath, ''),
  UTSMode: goStringType('container.UTSMode'),
  UsernsMode: goStringType('container.UsernsMode'),
  ShmSize: goInt,
  Sysctls: goPathMap(goPath, ''),
  Runtime: goString,
  Isolation: goStringType('container.Isolation'),
  MaskedPaths: paths,
  ReadonlyPaths: paths,
  Mounts: goList(mount, {}),
  Init: goBool,
});
