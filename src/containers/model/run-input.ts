import type { RuntimeProcess, RuntimeSpec } from '../../spec/index.ts';
import type { ContainerPaths } from './paths.ts';
import type { ContainerRecord, ExecRecord, MountRecord } from './record.ts';

/** The facts of a run from which config.json is written. */
export interface RunInput {
  readonly record: ContainerRecord;
  /** Path of the mounted root. */
  readonly rootfs: string;
  /** The mounts, with the sources of volumes filled in. */
  readonly mounts: readonly MountRecord[];
  /** The hostname, hosts and resolv.conf that are mounted into /etc. */
  readonly files: ContainerPaths;
  /** Namespaces to join. An undefined `network` is the host's. */
  readonly joined: { readonly network: string | undefined; readonly pid?: string; readonly ipc?: string };
  /** Path of /dev/shm on the host. Undefined when the container has one of its own. */
  readonly shmPath: string | undefined;
}

/** Builds the specifications that the OCI runtime reads. */
export interface TaskSpecs {
  /** @throws EngineError internal, with dockerd's text, when the root file system lacks the user or group */
  container(input: RunInput): Promise<RuntimeSpec>;
  /** @throws EngineError as {@link container} */
  exec(record: ContainerRecord, exec: ExecRecord): Promise<RuntimeProcess>;
}
