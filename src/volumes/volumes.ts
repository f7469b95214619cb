import type { Filters } from '../spec/index.ts';

/**
 * Named and anonymous volumes, of all drivers.
 *
 * Words: a *volume* is a named folder with data that outlives containers. Its *driver* has the folder: `local`, or a
 * plugin. An *anonymous* volume has a random name, and is removed with its container on request. A *reference* says
 * that a container needs the volume.
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
   * invalid; notFound for an unknown driver; conflict for a volume of another driver; failed, unavailable
   */
  create(request: CreateVolume): Promise<VolumeInspect>;
  list(filters?: Filters): Promise<VolumeList>;
  /** @throws EngineError notFound `get x: no such volume`; unavailable for a volume of a plugin that is away */
  inspect(name: string): Promise<VolumeInspect>;
  /** @throws EngineError conflict `remove x: volume is in use - [id]`, notFound; failed, unavailable of a plugin */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  /** Removes volumes of the `local` driver, as dockerd does. */
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

/** The part of the volumes that are of the `local` driver: nobody else has to be asked. */
export interface LocalVolumes extends Omit<Volumes, 'list' | 'inspect'> {
  list(filters?: Filters): Promise<readonly VolumeInspect[]>;
  /** @throws EngineError notFound */
  inspect(name: string): VolumeInspect;
}

export interface VolumeList {
  readonly volumes: readonly VolumeInspect[];
  /** `list PLUGIN: reason` for each plugin that did not answer. */
  readonly warnings: readonly string[];
}

export interface CopyUpRequest {
  readonly rootfs: string;
  readonly path: string;
  readonly part?: string | undefined;
}

export interface CreateVolume {
  readonly name: string;
  /** '' or undefined stands for the driver that has a volume of this name, else `local`. */
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
  readonly Scope: 'local' | 'global';
  /** What a plugin tells about the volume. */
  readonly Status?: Readonly<Record<string, unknown>>;
}
