import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import type { Hook, RuntimeMount, RuntimeSpec } from '../../spec/index.ts';

const CHMOD = ['/usr/bin/chmod', '/bin/chmod'];

/**
 * crun makes the missing parents of a mount point with mode 1755. The engine makes those in a root or a volume, but
 * those in a new tmpfs exist only while crun starts the container. Returns a spec with a hook that gives them mode 755
 * before the root is entered. Destinations must be without symlinks, since the hook follows them on the host.
 */
export function withTmpfsParents(spec: RuntimeSpec): RuntimeSpec {
  const folders = tmpfsParents(spec.mounts ?? []);
  const chmod = folders.length === 0 ? undefined : CHMOD.find((path) => existsSync(path));
  if (chmod === undefined) return spec;
  const paths = folders.map((folder) => `${spec.root.path}${folder}`);
  const hook: Hook = { path: chmod, args: ['chmod', '--', '0755', ...paths] };
  const { createContainer = [], ...hooks } = spec.hooks ?? {};
  return { ...spec, hooks: { ...hooks, createContainer: [...createContainer, hook] } };
}

/**
 * The folders between a tmpfs and the mount points below it. Without those in a tmpfs that is itself below a mount: the
 * source of that mount may be another container's as well, which could replace folders by symlinks meanwhile.
 */
function tmpfsParents(mounts: readonly RuntimeMount[]): readonly string[] {
  const found = new Set<string>();
  for (const [at, { destination }] of mounts.entries()) {
    const above = mounts.slice(0, at).filter((mount) => destination.startsWith(`${mount.destination}/`));
    const [tmpfs] = above;
    if (above.length !== 1 || tmpfs?.type !== 'tmpfs') continue;
    for (let path = posix.dirname(destination); path !== tmpfs.destination; path = posix.dirname(path)) found.add(path);
  }
  return [...found].toSorted();
}
