import type { ExecTask, StartTask } from '../../runtime/index.ts';
import type { StdioSpec } from '../../spec/index.ts';
import { logSpec } from '../logs/log-spec.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord, ExecRecord } from '../model/record.ts';
import type { RunInput } from '../model/run-input.ts';
import { ipcTarget, joinedContainer, networkOwner, pidTarget } from '../relations/join-namespaces.ts';
import { linkedEnv, withLinkedEnv } from '../relations/links.ts';
import type { World } from '../world.ts';

export async function startTask(
  world: Pick<World, 'table' | 'specs' | 'dataRoot' | 'logDefaults' | 'sharedMemory'>,
  run: Omit<RunInput, 'files' | 'joined' | 'shmPath'> & { readonly netnsPath: string | undefined },
): Promise<StartTask> {
  const { record, rootfs, mounts } = run;
  const { hostConfig, config } = record;
  const files = containerPaths(world.dataRoot, (networkOwner(world.table, record) ?? record).id);
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
    log: await logSpec(record, containerPaths(world.dataRoot, record.id).log, world.logDefaults),
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

/** `[0, 0]` means that the client has no terminal. */
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
