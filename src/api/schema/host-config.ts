import * as z from 'zod/mini';
import {
  goBool,
  goEmpty,
  goInt,
  goList,
  goMap,
  goPair,
  goString,
  goStringOf,
  goStringOrList,
  goStruct,
  goZeroed,
} from '../codec/go-json.ts';

const strings = goList(goString, '');
const stringMap = goMap(goString, '');

const weightDevices = goList(goZeroed({ Path: goString, Weight: goInt }, { Path: '', Weight: 0 }));
const throttleDevices = goList(goZeroed({ Path: goString, Rate: goInt }, { Path: '', Rate: 0 }));
const ulimits = goList(goZeroed({ Name: goString, Soft: goInt, Hard: goInt }, { Name: '', Soft: 0, Hard: 0 }));

export const restartPolicy = goStruct({
  Name: goStringOf<'' | 'no' | 'always' | 'unless-stopped' | 'on-failure'>(),
  MaximumRetryCount: goInt,
});

/** What `update` takes as well. */
export const resourceFields = {
  CpuShares: goInt,
  Memory: goInt,
  NanoCpus: goInt,
  CgroupParent: goString,
  BlkioWeight: goInt,
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
  Devices: goList(goStruct({ PathOnHost: goString, PathInContainer: goString, CgroupPermissions: goString })),
  DeviceCgroupRules: strings,
  DeviceRequests: goList(goEmpty),
  MemoryReservation: goInt,
  MemorySwap: goInt,
  MemorySwappiness: goInt,
  OomKillDisable: goBool,
  PidsLimit: goInt,
  Ulimits: ulimits,
  CpuCount: goInt,
  CpuPercent: goInt,
  IOMaximumIOps: goInt,
  IOMaximumBandwidth: goInt,
};

const portBinding = goStruct({ HostIp: goString, HostPort: goString });

const mount = goStruct({
  Type: goStringOf<'bind' | 'volume' | 'tmpfs' | 'npipe' | 'cluster' | 'image'>(),
  Source: goString,
  Target: goString,
  ReadOnly: goBool,
  Consistency: goString,
  BindOptions: goStruct({
    Propagation: goString,
    NonRecursive: goBool,
    CreateMountpoint: goBool,
    ReadOnlyNonRecursive: goBool,
    ReadOnlyForceRecursive: goBool,
  }),
  VolumeOptions: goStruct({
    NoCopy: goBool,
    Labels: stringMap,
    DriverConfig: goStruct({ Name: goString, Options: stringMap }),
    Subpath: goString,
  }),
  TmpfsOptions: goStruct({ SizeBytes: goInt, Mode: goInt, Options: goList(strings) }),
  ImageOptions: goStruct({ Subpath: goString }),
});

export const hostConfig = goStruct({
  ...resourceFields,
  Binds: strings,
  ContainerIDFile: goString,
  LogConfig: goStruct({ Type: goString, Config: stringMap }),
  NetworkMode: goString,
  PortBindings: goMap(z.nullable(goList(portBinding, {})), null),
  RestartPolicy: restartPolicy,
  AutoRemove: goBool,
  VolumeDriver: goString,
  VolumesFrom: strings,
  ConsoleSize: goPair,
  Annotations: stringMap,
  CapAdd: goStringOrList,
  CapDrop: goStringOrList,
  CgroupnsMode: goStringOf<'' | 'private' | 'host'>(),
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: goString,
  Cgroup: goString,
  Links: strings,
  OomScoreAdj: goInt,
  PidMode: goString,
  Privileged: goBool,
  PublishAllPorts: goBool,
  ReadonlyRootfs: goBool,
  SecurityOpt: strings,
  StorageOpt: stringMap,
  Tmpfs: stringMap,
  UTSMode: goString,
  UsernsMode: goString,
  ShmSize: goInt,
  Sysctls: stringMap,
  Runtime: goString,
  Isolation: goString,
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Mounts: goList(mount, {}),
  Init: goBool,
});
