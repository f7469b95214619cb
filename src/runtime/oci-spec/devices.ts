import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, errnoOf, invalid } from '../../base/errors.ts';
import { deviceMajor, deviceMinor } from '../../linux/index.ts';
import type { DeviceMapping, LinuxResources, RuntimeSpec } from '../../spec/index.ts';

type Device = NonNullable<RuntimeSpec['linux']['devices']>[number];
type DeviceRule = NonNullable<LinuxResources['devices']>[number];

export interface SpecDevices {
  readonly devices: readonly Device[];
  readonly rules: readonly DeviceRule[];
}

export interface DeviceRequest {
  readonly privileged: boolean;
  readonly mappings: readonly DeviceMapping[];
  /** Rules of `--device-cgroup-rule`, such as `c 1:* rwm`. */
  readonly cgroupRules: readonly string[];
}

const character = (major: number, minor: number, allow = true): DeviceRule => ({
  allow,
  type: 'c',
  major,
  minor,
  access: 'rwm',
});

/**
 * The default rules: everything is denied but zero, null, urandom, random, tty and console. fuse is denied explicitly.
 * The runtime adds its own rules.
 */
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  character(1, 5),
  character(1, 3),
  character(1, 9),
  character(1, 8),
  character(5, 0),
  character(5, 1),
  character(10, 229, false),
];

/** Folders of /dev whose nodes on the host a privileged container does not get. */
const HIDDEN: ReadonlySet<string> = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev']);

/**
 * Lists the device nodes and cgroup rules of a container. It reads the host's nodes now, at the container's start.
 * @throws EngineError internal for a missing device or a path that is none; invalid for a malformed rule
 */
export function specDevices(request: DeviceRequest): SpecDevices {
  if (request.privileged) {
    const devices = new Map(devicesBelow('/dev', '/dev').map((device) => [device.path, device]));
    for (const { device } of request.mappings.flatMap(mappedDevices)) devices.set(device.path, device);
    return { devices: [...devices.values()], rules: [{ allow: true, access: 'rwm' }] };
  }
  const mapped = request.mappings.flatMap(mappedDevices);
  return {
    devices: mapped.map(({ device }) => device),
    rules: [...DEFAULT_RULES, ...mapped.map(({ rule }) => rule), ...request.cgroupRules.map(parseDeviceRule)],
  };
}

/** Parses `a|b|c MAJOR:MINOR ACCESS`, with numbers or `*`. @throws EngineError invalid */
export function parseDeviceRule(text: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) throw invalid(`invalid device cgroup rule format: '${text}'`);
  const [, type = '', major = '', minor = '', access = ''] = match;
  return {
    allow: true,
    type,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}

/** Resolves one `--device`: a node, or every node below a folder. */
function mappedDevices(mapping: DeviceMapping): readonly { readonly device: Device; readonly rule: DeviceRule }[] {
  const host = mapping.PathOnHost ?? '';
  const inside = mapping.PathInContainer || host;
  const access = [...'rwm'].filter((letter) => (mapping.CgroupPermissions || 'rwm').includes(letter)).join('') || 'rwm';
  const devices = nodesAt(host, inside);
  return devices.map((device) => ({ device, rule: ruleFor(device, access) }));
}

function nodesAt(host: string, inside: string): readonly Device[] {
  let reason = 'not a device node';
  try {
    const path = realpathSync(host);
    const stats = statSync(path);
    const device = deviceOf(inside, stats);
    if (device !== undefined) return [device];
    const devices = stats.isDirectory() ? devicesBelow(path, inside) : [];
    if (devices.length > 0) return devices;
  } catch (error) {
    reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : String(errnoOf(error));
  }
  throw new EngineError(
    'failed',
    `error gathering device information while adding custom device ${JSON.stringify(host)}: ${reason}`,
  );
}

function devicesBelow(folder: string, inside: string): Device[] {
  const devices: Device[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (folder === '/dev' && (HIDDEN.has(name) || name === 'console')) continue;
    const path = join(folder, name);
    let stats: Stats;
    try {
      stats = lstatSync(path);
    } catch {
      continue; // The node was removed meanwhile.
    }
    if (stats.isDirectory()) devices.push(...readable(path, join(inside, name)));
    const device = deviceOf(join(inside, name), stats);
    if (device !== undefined) devices.push(device);
  }
  return devices;
}

function readable(folder: string, inside: string): Device[] {
  try {
    return devicesBelow(folder, inside);
  } catch {
    return [];
  }
}

function deviceOf(path: string, stats: Stats): Device | undefined {
  const type = stats.isCharacterDevice() ? 'c' : stats.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) return undefined;
  return {
    path,
    type,
    major: deviceMajor(stats.rdev),
    minor: deviceMinor(stats.rdev),
    fileMode: stats.mode & 0o777,
    uid: stats.uid,
    gid: stats.gid,
  };
}

function ruleFor(device: Device, access: string): DeviceRule {
  return {
    allow: true,
    type: device.type,
    ...(device.major === undefined ? {} : { major: device.major }),
    ...(device.minor === undefined ? {} : { minor: device.minor }),
    access,
  };
}
