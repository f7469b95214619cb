import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, posix } from 'node:path';
import type { MountInfo } from '../../linux/index.ts';
import type { RuntimeMount, RuntimeSpec } from '../../spec/index.ts';

const CGROUPS = '/sys/fs/cgroup';
/** Of /proc and /sys, as Docker mounts them. */
const FLAGS = ['nosuid', 'nodev', 'noexec'];

/** A cgroup v1 hierarchy of the host, under one of the names that it has in /sys/fs/cgroup. */
export interface CgroupHierarchy {
  readonly name: string;
  readonly mountPoint: string;
}

/**
 * Finds the host's cgroup v1 hierarchies. One with several controllers (`cpu,cpuacct`) has a symlink for each: `links` has their targets by
 * name. Returns undefined on a host with cgroup v2 alone, and where the engine sees a part of a hierarchy or one in an
 * unusual place.
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
 * Writes out mounts that crun makes otherwise than runc. With cgroup v1, crun's /sys/fs/cgroup is writable for everybody (1777): here it
 * is a tmpfs with mode 755 and a bind of the container's cgroup in each hierarchy, which crun has made by then. Read-only
 * paths of /proc keep nosuid, nodev and noexec, which crun's own bind loses.
 */
export function crunMounts(spec: RuntimeSpec, hierarchies: readonly CgroupHierarchy[] | undefined): RuntimeSpec {
  const { readonlyPaths = [], ...linux } = spec.linux;
  const isLocked = (path: string): boolean => path.startsWith('/proc/') && existsSync(path);
  const locked = readonlyPaths.filter(isLocked);
  const others = readonlyPaths.filter((path) => !isLocked(path));
  const mounts = (spec.mounts ?? []).flatMap((mount) =>
    mount.type === 'cgroup' && hierarchies !== undefined ? cgroupMounts(mount, hierarchies, spec) : [mount],
  );
  return {
    ...spec,
    // The container's own /proc, which is mounted in its root by then.
    mounts: [...mounts, ...locked.map((path) => lock(path, posix.join(spec.root.path, path)))],
    linux: { ...linux, ...(others.length === 0 ? {} : { readonlyPaths: others }) },
  };
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
