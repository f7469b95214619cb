import type { RuntimeProcess, RuntimeSpec } from '../../spec/index.ts';
import type { ContainerPaths } from '../model/paths.ts';
import type { ContainerRecord, ExecRecord, MountRecord } from '../model/record.ts';

/** What is known of a run when its config.json is written. */
export interface RunInput {
  readonly record: ContainerRecord;
  /** Mounted root. */
  readonly rootfs: string;
  /** With the sources of volumes filled in. */
  readonly mounts: readonly MountRecord[];
  /** hostname, hosts and resolv.conf to show in /etc. */
  readonly files: ContainerPaths;
  /** Namespaces to join; undefined `network` is the host's. */
  readonly joined: { readonly network: string | undefined; readonly pid?: string; readonly ipc?: string };
  /** /dev/shm on the host; undefined for one of its own. */
  readonly shmPath: string | undefined;
}

/** Writes what the OCI runtime reads. */
export interface TaskSpecs {
  /** @throws EngineError internal with dockerd's text for what the root file system lacks (user, group) */
  container(input: RunInput): Promise<RuntimeSpec>;
  /** @throws EngineError as above */
  exec(record: ContainerRecord, exec: ExecRecord): Promise<RuntimeProcess>;
}
