import type { Filters } from '../spec/index.ts';

/**
 * Named and anonymous volumes.
 *
 * Words: a *volume* is a named folder with data that outlives containers. An *anonymous* volume has a random name, and
 * is removed with its container on request. A *reference* says that a container needs the volume.
 *
 * One life: `create` makes the folder. A container's create calls `reference`: from then on the volume cannot be
 * removed. Each start calls `mountPath`, which mounts the volume's driver options if it has any, and `copyUp`, which
 * fills an empty volume from the image. An exit calls `unmount`, and the container's removal calls `release`. `remove`
 * or `prune` then deletes the volume, with its files in the background. After a restart of the daemon containers
 * register again; `restore` drops the references of those that no longer exist.
 *
 * One keyed lock per volume name orders these calls.
 */
export interface Volumes {
  /**
   * Makes a volume, or returns the existing one (Docker's rule). `name` '' makes an anonymous one. @throws EngineError
   * invalid
   */
  create(request: CreateVolume): Promise<VolumeInspect>;
  list(filters?: Filters): Promise<readonly VolumeInspect[]>;
  /** @throws EngineError notFound `get x: no such volume` */
  inspect(name: string): VolumeInspect;
  /** @throws EngineError conflict `remove x: volume is in use - [id]`, notFound */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  prune(filters: Filters): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }>;

  /** Records that a container needs the volume: it cannot be removed until released. */
  reference(name: string, containerId: string): void;
  release(name: string, containerId: string): void;
  /** Returns the directory on the host to mount. The first use mounts the `local` driver's options (tmpfs, nfs, …). */
  mountPath(name: string, containerId: string): Promise<string>;
  unmount(name: string, containerId: string): Promise<void>;
  /**
   * Copies `path` of the container's root into an empty volume, with owners, modes, xattrs and links. The path is
   * resolved beneath the root. Does nothing when the volume holds files or the path does not exist. `part` is a host
   * path of a folder of the volume. With it, only that folder is filled.
   */
  copyUp(name: string, request: CopyUpRequest, signal: AbortSignal): Promise<void>;
  /** Drops references of containers that no longer exist. */
  restore(containerIds: ReadonlySet<string>): Promise<void>;
}

export interface CopyUpRequest {
  readonly rootfs: string;
  readonly path: string;
  readonly part?: string | undefined;
}

export interface CreateVolume {
  readonly name: string;
  readonly driver?: string;
  readonly driverOpts?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The response to `GET /volumes/{name}`, in the API's spelling. */
export interface VolumeInspect {
  readonly CreatedAt: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: 'local';
}
