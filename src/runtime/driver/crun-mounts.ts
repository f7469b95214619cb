import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, posix } from 'node:path';
import { type MountInfo, mountFlags, SyscallError } from '../../linux/index.ts';
import type { RuntimeMount, RuntimeSpec } from '../../spec/index.ts';

const CGROUPS = '/sys/fs/cgroup';
/** The mount flags of /proc and /sys, as in Docker. */
const FLAGS = ['nosuid', 'nodev', 'noexec'];

/** A cgroup v1 hierarchy of the host, under one of the names that it has in /sys/fs/cgroup. */
export interface CgroupHierarchy {
  readonly name: string;
  readonly mountPoint: string;
}

/**
 * Finds the host's cgroup v1 hierarchies. A hierarchy with several controllers (`cpu,cpuacct`) has a symlink for each
 * controller: `links` maps the name of each symlink to its target. Returns undefined on a host with cgroup v2 only, and
 * when the engine sees a part of a hierarchy, or a hierarchy at an unusual mount point.
 */
export function cgroupHierarchies(
  mounts: readonly MountInfo[],
  links: ReadonlyMap<string, string> = cgroupLinks(),
): readonly CgroupHierarchy[] | undefined {
  const found = mounts.filter(({ type }) => type === 'cgroup');
  const isUsual = found.every(({ root, mountPoint }) => root === '/' && dirname(mountPoint) === CGROUPS);
  if (found.length === 0 || !isUsual) return undefined;
  const names = new Map(found.map(({ mountPoint }) => [basename(mountPoint), mountPoint]));
  for (const [name, target] of links) {
    const mountPoint = names.get(basename(target));
    if (mountPoint !== undefined) names.set(name, mountPoint);
  }
  return [...names].map(([name, mountPoint]) => ({ name, mountPoint }));
}

function cgroupLinks(): ReadonlyMap<string, string> {
  const entries = existsSync(CGROUPS) ? readdirSync(CGROUPS, { withFileTypes: true }) : [];
  const links = entries.filter((entry) => entry.isSymbolicLink());
  return new Map(links.map(({ name }) => [name, readlinkSync(posix.join(CGROUPS, name))]));
}

/**
 * Replaces mounts that crun makes differently from runc. With cgroup v1, crun's /sys/fs/cgroup has mode 1777. The
 * replacement is a tmpfs with mode 755, and a bind of the container's cgroup for each hierarchy. crun has made these
 * cgroups by then. Binds keep the flags of their sources (`ro`, `nosuid`, `nodev`, `noexec`), which crun's own binds lose.
 */
export function crunMounts(spec: RuntimeSpec, hierarchies: readonly CgroupHierarchy[] | undefined): RuntimeSpec {
  const { readonlyPaths = [], ...linux } = spec.linux;
  const isLocked = (path: string): boolean => path.startsWith('/proc/') && existsSync(path);
  const locked = readonlyPaths.filter(isLocked);
  const others = readonlyPaths.filter((path) => !isLocked(path));
  const mounts = (spec.mounts ?? []).flatMap((mount) =>
    mount.type === 'cgroup' && hierarchies !== undefined
      ? cgroupMounts(mount, hierarchies, spec)
      : [mount.type === 'bind' ? withSourceFlags(mount) : mount],
  );
  return {
    ...spec,
    // The source is in the container's own /proc, which is mounted in its root by then.
    mounts: [...mounts, ...locked.map((path) => lock(path, posix.join(spec.root.path, path)))],
    linux: { ...linux, ...(others.length === 0 ? {} : { readonlyPaths: others }) },
  };
}

function withSourceFlags(mount: RuntimeMount): RuntimeMount {
  const { source = '', options = [] } = mount;
  const isReadOnly = options.includes('ro') || options.includes('rro');
  const missing = flagsOf(source).filter((flag) => !options.includes(flag) && !(flag === 'ro' && isReadOnly));
  return missing.length === 0 ? mount : { ...mount, options: [...options, ...missing] };
}

/** A missing source is crun's error. */
function flagsOf(source: string): readonly string[] {
  try {
    return mountFlags(source);
  } catch (error) {
    if (error instanceof SyscallError) return [];
    throw error;
  }
}

function cgroupMounts(
  mount: RuntimeMount,
  hierarchies: readonly CgroupHierarchy[],
  spec: RuntimeSpec,
): readonly RuntimeMount[] {
  const access = mount.options?.includes('ro') ? ['ro'] : [];
  const options = ['bind', 'private', ...FLAGS, ...access];
  return [
    { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options: [...FLAGS, 'mode=755'] },
    ...hierarchies.map(({ name, mountPoint }) => ({
      destination: posix.join(mount.destination, name),
      type: 'bind',
      source: posix.join(mountPoint, spec.linux.cgroupsPath ?? '/'),
      options,
    })),
  ];
}

function lock(destination: string, source: string): RuntimeMount {
  return { destination, type: 'bind', source, options: ['rbind', 'rprivate', 'ro', ...FLAGS] };
}
