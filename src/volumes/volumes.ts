import type { Filters } from '../spec/index.ts';

/** Named and anonymous volumes, and what fills them. One keyed lock per volume name. */
export interface Volumes {
  /** Creates, or answers the existing one (Docker's rule); `name` '' makes an anonymous one. @throws EngineError invalid */
  create(request: CreateVolume): Promise<VolumeInspect>;
  list(filters?: Filters): Promise<readonly VolumeInspect[]>;
  /** @throws EngineError notFound `get x: no such volume` */
  inspect(name: string): VolumeInspect;
  /** @throws EngineError conflict `remove x: volume is in use - [id]`, notFound */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  prune(filters: Filters): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }>;

  /** Registers that a container uses the volume: it cannot be removed until released. */
  reference(name: string, containerId: string): void;
  release(name: string, containerId: string): void;
  /** Directory on the host to mount (mounts `local` driver options such as tmpfs, nfs on first use). */
  mountPath(name: string, containerId: string): Promise<string>;
  unmount(name: string, containerId: string): Promise<void>;
  /**
   * Copies `path` of the container's root into an empty volume, with owners, modes, xattrs and links, resolved beneath
   * the root. A volume that holds anything, or a path that is not there, is left alone.
   */
  copyUp(name: string, rootfs: string, path: string, signal: AbortSignal): Promise<void>;
  /** Drops references of containers that no longer exist. */
  restore(containerIds: ReadonlySet<string>): Promise<void>;
}

export interface CreateVolume {
  readonly name: string;
  readonly driver?: string;
  readonly driverOpts?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** `GET /volumes/{name}`, in the API's spelling. */
export interface VolumeInspect {
  readonly CreatedAt: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: 'local';
}
