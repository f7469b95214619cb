import { EngineError } from '../../base/errors.ts';
import { type MountInfo, mountOf, readMountInfo } from '../../linux/index.ts';
import type { RuntimeMount } from '../../spec/index.ts';
import { tmpfsMountOptions } from './tmpfs-options.ts';

/** A mount of a container's request, with its source resolved. */
export interface SpecMount {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** Path on the host; '' for a tmpfs. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  /** `rprivate`, `rslave`, …; '' for a volume. */
  readonly propagation: string;
  /** Whether mounts below the source are left out. */
  readonly nonRecursive?: boolean;
  /**
   * Whether mounts below the source are read-only too. `possible` (the default): where the kernel supports it.
   * `forced`: always, or an error. `no`: they stay writable.
   */
  readonly readOnlyBelow?: 'possible' | 'forced' | 'no';
  /** Options of a tmpfs. They override Docker's. */
  readonly options?: readonly string[];
}

export interface MountsInput {
  readonly mounts: readonly SpecMount[];
  /** Files that the engine writes for the container, mounted into its /etc. Without `hostname` that file is the image's. */
  readonly files: {
    readonly hostname?: string;
    readonly hosts: string;
    readonly resolvConf: string;
    readonly isReadOnly?: boolean;
  };
  readonly privileged: boolean;
  readonly writableCgroups: boolean;
  readonly readOnlyRoot: boolean;
  readonly shm:
    | { readonly kind: 'tmpfs'; readonly sizeBytes: number }
    | { readonly kind: 'bind'; readonly path: string }
    | undefined;
  /** Path of the init program, which is mounted at {@link INIT_PATH}. */
  readonly initPath: string | undefined;
  readonly recursiveReadOnly: boolean;
  /** A bind of this folder, or of one above it, can be a slave although its mount is not shared. */
  readonly dataRoot: string;
}

export interface SpecMounts {
  readonly mounts: readonly RuntimeMount[];
  /** Propagation of the container's root, when a mount has to propagate. */
  readonly rootfsPropagation: string | undefined;
}

/** /dev/shm of a container that uses the host's IPC namespace. */
export const HOST_SHM = '/dev/shm';

/** Path of the init program in the container. */
export const INIT_PATH = '/sbin/docker-init';

/**
 * Lists all mounts in the order of mounting. A user's mount replaces the default one at the same mount point. A mount
 * at /dev replaces all below /dev.
 * @throws EngineError invalid for a tmpfs option, internal for a propagation that the source's mount does not have
 */
export function specMounts(input: MountsInput): SpecMounts {
  const wanted = new Set(input.mounts.map((mount) => mount.destination));
  const defaults = defaultMounts(input).filter(
    ({ destination }) => !wanted.has(destination) && !(wanted.has('/dev') && destination.startsWith('/dev/')),
  );
  const files = fileMounts(input).filter(({ destination }) => !wanted.has(destination));
  const user = [...input.mounts].sort((a, b) => depth(a.destination) - depth(b.destination));
  const propagation = new Propagation(input.dataRoot);
  const mounts = [
    ...defaults,
    ...(input.initPath === undefined ? [] : [initMount(input.initPath)]),
    ...user.map((mount) => (mount.type === 'tmpfs' ? tmpfsMount(mount) : bindMount(mount, input, propagation))),
    ...files,
  ];
  return { mounts, rootfsPropagation: propagation.root };
}

function defaultMounts({ privileged, writableCgroups, shm }: MountsInput): readonly RuntimeMount[] {
  const plain = ['nosuid', 'noexec', 'nodev'];
  const mounts: RuntimeMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: plain },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: privileged ? plain : [...plain, 'ro'] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: writableCgroups ? plain : ['ro', ...plain],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: plain },
  ];
  if (shm?.kind === 'tmpfs') {
    const options = [...plain, 'mode=1777', `size=${shm.sizeBytes}`];
    mounts.push({ destination: '/dev/shm', type: 'tmpfs', source: 'shm', options });
  } else if (shm?.kind === 'bind') {
    // crun removes flags that a bind does not name.
    const flags = shm.path === HOST_SHM ? [] : plain;
    mounts.push({ destination: '/dev/shm', type: 'bind', source: shm.path, options: ['rbind', ...flags, 'rprivate'] });
  }
  return mounts;
}

/** Plain `ro`: crun takes the target of `rro` for a directory. */
function fileMounts({ files, readOnlyRoot }: MountsInput): readonly RuntimeMount[] {
  const access = readOnlyRoot || files.isReadOnly === true ? ['ro'] : [];
  const options = ['rbind', ...access, 'rprivate'];
  const hostname: RuntimeMount[] =
    files.hostname === undefined
      ? []
      : [{ destination: '/etc/hostname', type: 'bind', source: files.hostname, options }];
  return [
    { destination: '/etc/resolv.conf', type: 'bind', source: files.resolvConf, options },
    ...hostname,
    { destination: '/etc/hosts', type: 'bind', source: files.hosts, options },
  ];
}

function initMount(path: string): RuntimeMount {
  return { destination: INIT_PATH, type: 'bind', source: path, options: ['bind', 'ro'] };
}

function tmpfsMount(mount: SpecMount): RuntimeMount {
  const options = mount.readOnly ? [...(mount.options ?? []), 'ro'] : (mount.options ?? []);
  return { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsMountOptions(options) };
}

function bindMount(
  mount: SpecMount,
  host: Pick<MountsInput, 'recursiveReadOnly'>,
  propagation: Propagation,
): RuntimeMount {
  const options = [mount.nonRecursive === true ? 'bind' : 'rbind'];
  const forced = mount.readOnlyBelow === 'forced';
  if (forced && !mount.readOnly) throw fault('mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive');
  if (mount.readOnly) {
    const recursive = mount.readOnlyBelow !== 'no' && host.recursiveReadOnly;
    if (forced && !recursive) throw fault('rro is not supported: kernel 5.12 or newer is needed');
    options.push(recursive ? 'rro' : 'ro');
  }
  const mode = propagation.checked(mount.source, mount.propagation);
  // crun applies the recursion of a propagation mode to the bind itself. A non-recursive bind has no mounts below it,
  // so the plain mode suffices.
  if (mode !== '') options.push(mount.nonRecursive === true ? mode.replace(/^r/, '') : mode);
  return { destination: mount.destination, type: 'bind', source: mount.source, options };
}

/**
 * Checks the requirements of propagation modes on the source's mount, and collects those on the container's root. Reads
 * mountinfo once, if at all.
 */
class Propagation {
  root: string | undefined;
  readonly #dataRoot: string;
  #mounts: readonly MountInfo[] | undefined;

  constructor(dataRoot: string) {
    this.#dataRoot = dataRoot;
  }

  checked(source: string, mode: string): string {
    const kind = mode.replace(/^r/, '');
    if (kind !== 'shared' && kind !== 'slave') return mode;
    this.#mounts ??= readMountInfo();
    const mount = mountOf(source, this.#mounts);
    const has = (prefix: string): boolean => mount?.propagation.some((tag) => tag.startsWith(prefix)) === true;
    const place = `path ${source} is mounted on ${mount?.mountPoint ?? '/'}`;
    if (kind === 'shared') {
      if (!has('shared:')) throw fault(`${place} but it is not a shared mount`);
      this.root = 'shared';
      return mode;
    }
    if (!has('shared:') && !has('master:')) {
      if (overlaps(source, this.#dataRoot)) return 'rprivate';
      throw fault(`${place} but it is not a shared or slave mount`);
    }
    this.root ??= 'rslave';
    return mode;
  }
}

/** Whether one of two absolute paths contains the other. */
function overlaps(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  return short === long || long.startsWith(short.endsWith('/') ? short : `${short}/`);
}

function depth(path: string): number {
  return path.split('/').length;
}

function fault(message: string): EngineError {
  return new EngineError('failed', message);
}
