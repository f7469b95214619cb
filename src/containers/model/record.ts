import type { Digest, ObjectId } from '../../base/ids.ts';
import { ZERO_TIME } from '../../base/time.ts';
import type { SandboxState } from '../../network/index.ts';
import type {
  ContainerConfig,
  Descriptor,
  EndpointSettings,
  Health,
  HostConfig,
  MountPoint,
  Platform,
  PortMap,
} from '../../spec/index.ts';

/**
 * The step of an operation that a crash may interrupt. Restore undoes `creating` and finishes `removing`. It adopts the
 * task of a `starting` container when the process runs, else it undoes the start. `ready` is every other state.
 */
export type Phase = 'creating' | 'ready' | 'starting' | 'removing';

/**
 * The stored state of a container's last run. `Status` is derived from it (`state.ts`). Times are RFC 3339, with {@link
 * ZERO_TIME} for never.
 */
export interface StoredState {
  readonly running: boolean;
  readonly paused: boolean;
  /** The restart policy will start the container again. It counts as running. */
  readonly restarting: boolean;
  /** A removal failed half-way. Only another removal is possible. */
  readonly dead: boolean;
  readonly oomKilled: boolean;
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export const NEVER_STARTED: StoredState = {
  running: false,
  paused: false,
  restarting: false,
  dead: false,
  oomKilled: false,
  pid: 0,
  exitCode: 0,
  error: '',
  startedAt: ZERO_TIME,
  finishedAt: ZERO_TIME,
};

/** The image of an image mount, with the layers that are needed to mount it again after the image has been removed. */
export interface MountedImage {
  readonly id: Digest;
  readonly diffIds: readonly Digest[];
}

/**
 * A mount of a container, resolved at create. `MountPoint` is the part that inspect shows. The other fields are needed
 * to perform the mount.
 */
export interface MountRecord extends MountPoint {
  /** Whether the first use fills the volume from the image. */
  readonly copyUp: boolean;
  /** Whether the volume was made without a name. `rm -v` and auto-remove of its last container delete it. */
  readonly anonymous: boolean;
  /** Whether `VolumesFrom` took the volume from another container. */
  readonly inherited?: boolean;
  /** Whether containers that inherit the volume never delete it. dockerd treats the volumes of `--mount` like this. */
  readonly keptWhenInherited?: boolean;
  /** File system options of a tmpfs (`size=1m,mode=1777`), or the additional options of a bind mount. */
  readonly options?: readonly string[];
  /** Path beneath the volume or image that is mounted. */
  readonly subpath?: string;
  /** Set for a mount of type `image`. */
  readonly image?: MountedImage;
  readonly nonRecursive?: boolean;
  /** Whether the start makes a missing source folder on the host, as `-v` asks for. */
  readonly makesSource?: boolean;
}

/**
 * A link (`--link`): another container that this one knows by an alias. The target is stored by id, since its name may
 * change.
 */
export interface StoredLink {
  readonly alias: string;
  readonly target: ObjectId;
  /** The target's name when the link was made. Messages show it when the target has been removed. */
  readonly targetName: string;
}

/** The stored record of a container: one immutable JSON document. Each change replaces the whole document. */
export interface ContainerRecord {
  readonly id: ObjectId;
  /** The name without the slash that the API shows. */
  readonly name: string;
  readonly createdAt: string;
  readonly phase: Phase;
  readonly state: StoredState;

  /** '' for a container without an image. */
  readonly imageId: Digest | '';
  readonly imageManifest?: Descriptor;
  /**
   * Layers of the image, bottom first. With them inspect and size do not need the image, which may have been removed.
   */
  readonly diffIds: readonly Digest[];
  readonly platform: Platform;
  /** The program to run. `path` and `args` are entrypoint and command joined. */
  readonly path: string;
  readonly args: readonly string[];
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly mounts: readonly MountRecord[];
  /** The requested networks, by name. `sandbox` holds the allocated addresses. */
  readonly networks: Readonly<Record<string, EndpointSettings>>;

  /**
   * Set when a start joins only `networks`, and not that of the mode: the client has named others, or has disconnected the
   * container from it.
   */
  readonly leftNetworkOfMode?: true;

  /** Links on the default bridge. Absent in records of earlier releases. */
  readonly links?: readonly StoredLink[];
  /** The part of the networks that inspect still shows after the container has stopped, by name. */
  readonly lastNetworks?: Readonly<Record<string, Pick<EndpointSettings, 'NetworkID' | 'DNSNames'>>>;
  /** The published ports of the last run that the engine had chosen. Absent when there were none. */
  readonly lastPorts?: PortMap;
  /** The container's network namespace while it runs. Absent when it has no namespace of its own. */
  readonly sandbox?: SandboxState;
  /**
   * Whether a start has come as far as the process: the volumes are filled from the image and the files of /etc are
   * written.
   */
  readonly hasStarted: boolean;
  /** Whether a start that failed has filled the empty volumes: the root has mount points of the engine since then. */
  readonly volumesFilled?: true;
  /**
   * Whether `stop` or `kill` ended the container. Only the policy `always` starts it again, and only after a restart of
   * the daemon.
   */
  readonly manuallyStopped: boolean;
  readonly restartCount: number;
  /** Health of the last run. Absent without a health check. */
  readonly health?: Health;
  /** A commit has paused the container, or is about to. */
  readonly pausedForCommit?: true;
  /** The container serves a build, which does not outlive its daemon. */
  readonly isTemporary?: true;
  /** With phase `removing`: whether the removal deletes the anonymous volumes too. */
  readonly removeVolumes?: boolean;
}

/** The stored record of an exec. It is stored so that its exit code survives the daemon. */
export interface ExecRecord {
  readonly id: string;
  readonly containerId: ObjectId;
  readonly entrypoint: string;
  readonly arguments: readonly string[];
  readonly tty: boolean;
  readonly privileged: boolean;
  readonly user: string;
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly openStdin: boolean;
  readonly openStdout: boolean;
  readonly openStderr: boolean;
  readonly detachKeys: string;
  readonly consoleSize?: readonly [number, number];
  readonly running: boolean;
  readonly pid: number;
  readonly exitCode: number | null;
}
