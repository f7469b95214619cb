import { mkdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { EngineError, invalid } from '../../../base/errors.ts';
import { newObjectId } from '../../../base/ids.ts';
import { settleAll } from '../../../base/settle-all.ts';
import { mountType, securityMode } from '../../../grpc/messages/pb.ts';
import type { SpecMount } from '../../../runtime/index.ts';
import type { BuildContainer, ContainerFolder, ContainerRequest } from '../../build-container.ts';
import type { RunningBuild } from '../../builds.ts';
import type { StepContext } from '../../solver/index.ts';
import { checkEntitlements } from '../entitlements.ts';
import { makeStepFolder, writeNetworkFiles } from '../exec/step-files.ts';
import { openStepMounts, type StepMounts } from '../exec/step-mounts.ts';
import { openStepNetwork, STEP_HOSTNAME } from '../exec/step-network.ts';
import type { OpDeps } from '../op-deps.ts';
import { ContainerProcesses } from './container-processes.ts';

/**
 * Opens a container of a build. Nothing of it survives: neither its end, nor a crash (`restoreBuilds`).
 * @throws EngineError as {@link OpenContainer}
 */
export async function openContainer(
  deps: OpDeps,
  request: ContainerRequest,
  build: RunningBuild,
  signal: AbortSignal,
): Promise<BuildContainer> {
  checkRequest(request, build);
  const { ports } = deps;
  const { network, extraHosts, name } = request;
  const id = newObjectId();
  const hostname = request.hostname || STEP_HOSTNAME;
  const opened = new AsyncDisposableStack();
  try {
    const context = contextOf(build, opened, signal);
    const folder = opened.use(makeStepFolder(ports, id));
    const mounting = { mounts: request.mounts, inputs: request.inputs, cwd: '/', folder, context, name };
    const [netnsPath, mounts] = await settleAll([
      openStepNetwork(deps, { id, network, hostname }, opened, signal),
      openStepMounts(deps, mounting, opened),
    ]);
    const names = {
      hostname,
      extraHosts: extraHosts.map(({ Host, IP }) => `${Host}=${IP}`),
      isOnHostNetwork: netnsPath === undefined,
    };
    const files = { ...writeNetworkFiles(ports, folder.path, names), isReadOnly: true };
    const shown = { ...mounts, mounts: [...mounts.mounts, ...writeFolders(folder.path, request.folders ?? [])] };
    const processes = new ContainerProcesses(deps, { id, mounts: shown, files, hostname, netnsPath, build, context });
    opened.use(processes);
    return {
      start: (process) => processes.start(process),
      mountPath: (index) => mountPath(request, mounts, index),
      [Symbol.asyncDispose]: () => opened.disposeAsync(),
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

function checkRequest({ mounts, network }: ContainerRequest, { entitlements }: RunningBuild): void {
  checkEntitlements({ network, security: securityMode.SANDBOX }, entitlements);
  for (const { dest, mountType: type, input } of mounts) {
    if (dest !== '/') continue;
    if (type !== mountType.BIND) throw invalid(`invalid mount type ${type} for ${dest}`);
    if (input < 0) throw invalid(`mount ${dest} has no input`);
  }
}

/** What a step would get: a container is none, and reports nothing. */
function contextOf({ id }: RunningBuild, opened: AsyncDisposableStack, signal: AbortSignal): StepContext {
  return {
    signal,
    builds: () => [id],
    log() {},
    report() {},
    warn() {},
    keep: (resource) => void opened.use(resource),
  };
}

function mountPath(request: ContainerRequest, { rootfs, mounts }: StepMounts, index: number): string {
  const dest = request.mounts[index]?.dest;
  if (dest === undefined) {
    throw new EngineError('notFound', `mount index ${index} is out of bounds (${request.mounts.length} available)`);
  }
  if (dest === '/') return rootfs;
  const found = mounts.find(({ destination, type }) => type === 'bind' && destination === posix.resolve('/', dest));
  if (found === undefined) throw new EngineError('notFound', `mountable ${index} not found`);
  return found.source;
}

function writeFolders(folder: string, wanted: readonly ContainerFolder[]): readonly SpecMount[] {
  return wanted.map(({ destination, files }, at) => {
    const source = join(folder, `folder-${at}`);
    mkdirSync(source, { mode: 0o755 });
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(source, name), bytes, { mode: 0o400 });
    return { type: 'bind', source, destination, readOnly: true, propagation: 'rprivate' };
  });
}
