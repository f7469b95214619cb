import type { ExecTask, StartTask } from '../runtime/index.ts';
import type { RuntimeProcess, RuntimeSpec, StdioSpec } from '../spec/index.ts';
import { linkedEnv, withLinkedEnv } from './links.ts';
import { logSpec } from './log-spec.ts';
import { ipcTarget, joinedContainer, pidTarget } from './network-mode.ts';
import { type ContainerPaths, containerPaths } from './paths.ts';
import type { ContainerRecord, ExecRecord, MountRecord } from './record.ts';
import type { World } from './world.ts';

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

export async function startTask(
  world: Pick<World, 'table' | 'specs' | 'dataRoot' | 'logDefaults' | 'sharedMemory'>,
  run: Omit<RunInput, 'files' | 'joined' | 'shmPath'> & { readonly netnsPath: string | undefined },
): Promise<StartTask> {
  const { record, rootfs, mounts } = run;
  const { hostConfig, config } = record;
  const owner = joinedContainer(hostConfig.NetworkMode);
  const files = containerPaths(world.dataRoot, owner === undefined ? record.id : world.table.resolve(owner).id);
  const pid = joinedProcess(world, hostConfig.PidMode);
  const ipc = ipcOf(world, record);
  const joined = {
    network: run.netnsPath,
    ...(pid === undefined ? {} : { pid: `/proc/${pid}/ns/pid` }),
    ...(ipc.pid === undefined ? {} : { ipc: `/proc/${ipc.pid}/ns/ipc` }),
  };
  const stdio: StdioSpec = {
    tty: config.Tty === true,
    stdin: config.OpenStdin === true,
    stdinOnce: config.StdinOnce === true,
    ...consoleSize(config.Tty === true, hostConfig.ConsoleSize),
  };
  return {
    containerId: record.id,
    spec: await world.specs.container({ record, rootfs, mounts, files, joined, shmPath: ipc.shmPath }),
    runtime: hostConfig.Runtime === '' ? undefined : hostConfig.Runtime,
    stdio,
    log: logSpec(record, containerPaths(world.dataRoot, record.id).log, world.logDefaults),
  };
}

export async function execTask(
  world: Pick<World, 'specs' | 'table'>,
  record: ContainerRecord,
  exec: ExecRecord,
): Promise<ExecTask> {
  return {
    containerId: record.id,
    execId: exec.id,
    process: await world.specs.exec(withLinkedEnv(record, linkedEnv(world.table, record)), exec),
    runtime: record.hostConfig.Runtime === '' ? undefined : record.hostConfig.Runtime,
    stdio: { tty: exec.tty, stdin: exec.openStdin, stdinOnce: !exec.tty, ...consoleSize(exec.tty, exec.consoleSize) },
  };
}

/** `[0, 0]` says that the client has no terminal to measure. */
function consoleSize(
  tty: boolean,
  size: readonly [number, number] | undefined,
): { consoleSize?: readonly [number, number] } {
  return tty && size !== undefined && size[0] > 0 && size[1] > 0 ? { consoleSize: size } : {};
}

function joinedProcess(world: Pick<World, 'table'>, mode: string | undefined): number | undefined {
  const ref = joinedContainer(mode);
  return ref === undefined ? undefined : pidTarget(world.table, ref).record.state.pid;
}

function ipcOf(
  { table, sharedMemory }: Pick<World, 'table' | 'sharedMemory'>,
  { id, hostConfig }: ContainerRecord,
): { readonly pid: number | undefined; readonly shmPath: string | undefined } {
  const ref = joinedContainer(hostConfig.IpcMode);
  if (ref === undefined) {
    return { pid: undefined, shmPath: hostConfig.IpcMode === 'shareable' ? sharedMemory.path(id) : undefined };
  }
  const { entry, shm } = ipcTarget(table, ref);
  return { pid: entry.record.state.pid, shmPath: shm === undefined ? '/dev/shm' : sharedMemory.path(shm.id) };
}
