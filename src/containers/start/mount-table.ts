import { followLinks } from '../../base/follow-links.ts';
import type { RootFiles } from '../world.ts';

/** A path below a folder of the host. */
export interface HostLocation {
  readonly root: string;
  /** Absolute, without symlinks. */
  readonly path: string;
  /** Whether the container has the folder mounted read-only. */
  readonly isReadOnly: boolean;
}

export interface MountTableDeps {
  readonly roots: Pick<RootFiles, 'readLink'>;
  readonly rootfs: string;
  /** Whether process 1 of the container's PID namespace is its init. */
  readonly hasOwnPids: boolean;
}

interface MountEntry {
  readonly at: string;
  /** Folder on the host. Undefined for file systems that only the container has: a tmpfs, or its /dev. */
  readonly source: string | undefined;
  readonly isReadOnly: boolean;
}

const MOST_LINKS = 255;
const PROC = '/proc';

/**
 * The mounts of a container in mount order, before the OCI runtime makes them. It resolves a path as the runtime will:
 * within the container's root, through symlinks of the image and of earlier mounts. For the container's /proc and /sys
 * it uses those of the host.
 */
export class MountTable {
  readonly #deps: MountTableDeps;
  readonly #init: string;
  readonly #mounts: MountEntry[];

  constructor(deps: MountTableDeps) {
    this.#deps = deps;
    this.#init = deps.hasOwnPids ? '1' : String(process.pid);
    this.#mounts = [
      { at: '/', source: deps.rootfs, isReadOnly: false },
      { at: PROC, source: PROC, isReadOnly: false },
      { at: '/sys', source: '/sys', isReadOnly: false },
      { at: '/dev', source: undefined, isReadOnly: false },
    ];
  }

  add(mount: MountEntry): void {
    this.#mounts.push(mount);
  }

  /**
   * Returns the path in the container without symlinks. Undefined for a loop of symlinks, and for a path through a
   * magic link of a process (`/proc/self/root`), whose target has no path.
   */
  resolve(destination: string): string | undefined {
    let isMagic = false;
    const resolved = followLinks(
      destination,
      (path) => {
        const link = this.#linkAt(path);
        isMagic ||= link !== undefined && /^\/proc\/[^/]+\/./.test(path);
        return isMagic ? undefined : link;
      },
      MOST_LINKS,
    );
    return isMagic ? undefined : resolved;
  }

  /** Returns where a resolved path is on the host. Undefined when only the container has its file system. */
  hostLocation(path: string): HostLocation | undefined {
    const holds = ({ at }: MountEntry): boolean => path === at || path.startsWith(at === '/' ? '/' : `${at}/`);
    const covering = this.#mounts.findLast(holds);
    if (covering?.source === undefined) return undefined;
    const rest = covering.at === '/' ? path : path.slice(covering.at.length) || '/';
    const { source, isReadOnly } = covering;
    return { root: source, path: source === PROC ? this.#onHost(rest) : rest, isReadOnly };
  }

  #linkAt(path: string): string | undefined {
    if (path === '/proc/self') return this.#init;
    if (path === '/proc/thread-self') return `${this.#init}/task/${this.#init}`;
    // The folder of a process is looked up through a link of the host's /proc.
    if (/^\/proc\/\d+$/.test(path)) return undefined;
    const location = this.hostLocation(path);
    return location === undefined || location.path === '/'
      ? undefined
      : this.#deps.roots.readLink(location.root, location.path);
  }

  /**
   * The host's /proc shows this process in place of the container's init. It shows no other process of the container.
   */
  #onHost(path: string): string {
    if (!this.#deps.hasOwnPids) return path;
    if (/^\/1\/task\/1(?=\/|$)/.test(path)) return path.replace('/1/task/1', '/thread-self');
    return path.replace(/^\/(\d+)(?=\/|$)/, (_, pid) => (pid === '1' ? '/self' : '/0'));
  }
}
