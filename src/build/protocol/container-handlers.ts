import { code, GrpcError, type Handlers, type ServerCall } from '../../grpc/index.ts';
import type { llbBridge, NewContainerRequest } from '../../grpc/messages/gateway.ts';
import type { Mount } from '../../grpc/messages/pb.ts';
import { pathMatch } from '../../spec/index.ts';
import type { ContainerRequest, OpenContainer } from '../build-container.ts';
import { type BuildRun, readTreeDirectory, readTreeFile, statTreeFile } from '../runs/index.ts';
import type { Tree } from '../tree.ts';
import { execProcesses } from './exec-process.ts';
import { statMessage } from './file-stat.ts';
import type { Gateway } from './gateway.ts';

export interface ContainerHandlerDeps {
  readonly openContainer: OpenContainer;
}

interface Called {
  readonly run: BuildRun;
  readonly gateway: Gateway;
}

/** Handlers of LLBBridge for containers, in which a frontend runs programs on results. They end with the build at the latest. */
export function containerHandlers(
  { openContainer }: ContainerHandlerDeps,
  of: (call: ServerCall) => Promise<Called>,
): Handlers<typeof llbBridge> {
  const pathOf = async (call: ServerCall, id: string, index: number) =>
    (await of(call)).gateway.containers.get(id).mountPath(index);
  return {
    async NewContainer(request, call) {
      const { run, gateway } = await of(call);
      await gateway.containers.open(request.ContainerID, async (signal) => {
        const wanted = await containerRequest(request, { run, gateway });
        return await openContainer(wanted, run, signal);
      });
      return {};
    },
    async ReleaseContainer({ ContainerID }, call) {
      await (await of(call)).gateway.containers.release(ContainerID);
      return {};
    },
    async *ExecProcess(requests, call) {
      const { gateway } = await of(call);
      yield* execProcesses(requests, (id) => gateway.containers.get(id), call.signal);
    },
    async ReadFileContainer({ Ref, FilePath, Range, MountIndex }, call) {
      const range = { offset: Range?.Offset ?? 0, length: Range?.Length ?? 0 };
      return { Data: await readTreeFile(await pathOf(call, Ref, MountIndex), FilePath, range) };
    },
    async ReadDirContainer({ Ref, DirPath, IncludePattern, MountIndex }, call) {
      const entries = await readTreeDirectory(await pathOf(call, Ref, MountIndex), DirPath);
      const wanted = entries.filter(({ name }) => IncludePattern === '' || pathMatch(IncludePattern, name));
      return { entries: wanted.map(statMessage) };
    },
    async StatFileContainer({ Ref, Path, MountIndex }, call) {
      return { stat: statMessage(await statTreeFile(await pathOf(call, Ref, MountIndex), Path)) };
    },
  };
}

async function containerRequest(request: NewContainerRequest, { run, gateway }: Called): Promise<ContainerRequest> {
  const inputs: Tree[] = [];
  const mounts: Mount[] = [];
  for (const mount of request.Mounts) {
    const isGiven = mount.resultID !== '';
    if (isGiven) inputs.push(await treeOf(mount, { run, gateway }));
    mounts.push({ ...mount, input: isGiven ? inputs.length - 1 : -1, output: -1 });
  }
  return {
    ...{ mounts, inputs, network: request.Network, hostname: request.hostname, extraHosts: request.extraHosts },
    name: `container ${request.ContainerID}`,
  };
}

async function treeOf({ resultID, dest }: Mount, { run, gateway }: Called): Promise<Tree> {
  const kept = gateway.kept(resultID);
  if (kept !== undefined) return kept;
  if (!gateway.has(resultID)) throw new GrpcError(code.notFound, `failed to find ref ${resultID} for "${dest}" mount`);
  return await run.tree(gateway.edge(resultID));
}
