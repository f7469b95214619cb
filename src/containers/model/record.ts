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
} from '../../spec/index.ts';

/**
 * Where a container is in an operation that a crash may cut short. `creating` is undone by restore, `removing` finished;
 * `starting` is adopted when the process runs, else undone; `ready` is everything else.
 */
export type Phase = 'creating' | 'ready' | 'starting' | 'removing';

/** What is kept of a container's run. `Status` is derived (`state.ts`). Times are RFC 3339, {@link ZERO_TIME} for never. */
export interface StoredState {
  readonly running: boolean;
  readonly paused: boolean;
  /** Waits for its restart policy; counts as running. */
  readonly restarting: boolean;
  /** A removal failed half-way: only another removal is possible. */
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

/** The image of a mount, and what it takes to show its files again when it is no image any more. */
export interface MountedImage {
  readonly id: Digest;
  readonly diffIds: readonly Digest[];
}

/** A mount of a container, resolved at create. `MountPoint` is what inspect shows; the rest is needed to perform it. */
export interface MountRecord extends MountPoint {
  /** Fill the volume from the image on first use. */
  readonly copyUp: boolean;
  /** Made for this container without a name: removed with `-v` and by auto-remove. */
  readonly anonymous: boolean;
  /** File system options of a tmpfs (`size=1m,mode=1777`), and the extra options of a bind. */
  readonly options?: readonly string[];
  /** Path beneath the volume or image to mount. */
  readonly subpath?: string;
  /** Of type `image`. */
  readonly image?: MountedImage;
  readonly nonRecursive?: boolean;
  /** Given by `-v`: a folder that is missing on the host is made by the start. */
  readonly makesSource?: boolean;
}

/** A container that another knows by an alias (`--link`), kept by id: names change. */
export interface StoredLink {
  readonly alias: string;
  readonly target: ObjectId;
  /** When the link was made: for messages when the target is gone. */
  readonly targetName: string;
}

/** Everything stored of a container: one immutable JSON document, replaced as a whole by each change. */
export interface ContainerRecord {
  readonly id: ObjectId;
  /** Without the slash that the API shows. */
  readonly name: string;
  readonly createdAt: string;
  readonly phase: Phase;
  readonly state: StoredState;

  readonly imageId: Digest;
  readonly imageManifest?: Descriptor;
  /** Layers of the image, bottom first: inspect and size need no image that may be gone. */
  readonly diffIds: readonly Digest[];
  readonly platform: Platform;
  /** What runs: entrypoint and command joined. */
  readonly path: string;
  readonly args: readonly string[];
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly mounts: readonly MountRecord[];
  /** Networks asked for, by name, as requested; what was allocated is in `sandbox`. */
  readonly networks: Readonly<Record<string, EndpointSettings>>;

  /** On the default bridge; absent in records of earlier releases. */
  readonly links?: readonly StoredLink[];
  /** What inspect goes on showing of networks after the container has stopped, by name. */
  readonly lastNetworks?: Readonly<Record<string, Pick<EndpointSettings, 'NetworkID' | 'DNSNames'>>>;
  /** The network namespace of the running container when it has one of its own. */
  readonly sandbox?: SandboxState;
  /** The first start got as far as the process: volumes are filled from the image, the files of /etc written. */
  readonly hasStarted: boolean;
  /** `stop` or `kill` ended it: no restart policy but `always` (and that only over daemon restarts) revives it. */
  readonly manuallyStopped: boolean;
  readonly restartCount: number;
  /** Of the last run; absent without a health check. */
  readonly health?: Health;
  /** A commit paused it, or is about to. */
  readonly pausedForCommit?: true;
  /** With phase `removing`: its anonymous volumes go as well. */
  readonly removeVolumes?: boolean;
}

/** An exec instance. Stored so that its exit code survives the daemon. */
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
