import { code, findErrorDetail, type GrpcClient, GrpcError, toGrpcError, toRpcStatus } from '../../grpc/index.ts';
import { llbBridge } from '../../grpc/messages/gateway.ts';
import type { FailedStep, ShellTerminal } from './builder.ts';

/** What BuildKit tells of a process that failed. Fields may be absent. */
interface FailedSolve {
  /** By the mounts of the process. None where it has not begun. */
  readonly inputIDs?: readonly string[];
  /** An input that could not be read. */
  readonly cache?: object;
  readonly op?: {
    readonly exec?: { readonly meta?: FailedMeta; readonly mounts?: readonly object[]; readonly network?: number };
  };
}

interface FailedMeta {
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
}

const CONTAINER = 'shell';
const PROCESS = 'shell';

/**
 * Drives a build in place of the engine: asks the frontend, makes its result, and returns it. When a process fails, `onFailed` may
 * look into it before the build ends. @throws GrpcError of the build
 */
export async function debugSolve(
  { client, ref }: { readonly client: GrpcClient; readonly ref: string },
  asked: { readonly frontend: string; readonly attrs: ReadonlyMap<string, string> },
  onFailed: (step: FailedStep) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const of = { metadata: { 'buildkit-controlapi-buildid': ref } };
  const request = { Frontend: asked.frontend, FrontendOpt: asked.attrs, Evaluate: true };
  try {
    const how = { allowResultReturn: true, allowResultArrayRef: true };
    const { result } = await client.unary(llbBridge.Solve, { ...request, ...how }, of, signal);
    await client.unary(llbBridge.Return, { result: result ?? {} }, of, signal);
  } catch (error) {
    const status = toGrpcError(error);
    const failed = findErrorDetail(status.details, 'errdefs.Solve') as FailedSolve | undefined;
    const hasBegun = failed?.op?.exec !== undefined && failed.cache === undefined && failed.inputIDs !== undefined;
    if (hasBegun && !signal.aborted) {
      await onFailed({ shell: (terminal) => shell({ client, of, failed }, terminal, signal) });
    }
    await client.unary(llbBridge.Return, { error: toRpcStatus(status) }, of, signal).catch(() => undefined);
    throw status;
  }
}

interface Opened {
  readonly client: GrpcClient;
  readonly of: { readonly metadata: Readonly<Record<string, string>> };
  readonly failed: FailedSolve;
}

/** A shell in what the process saw before it ran. Returns its exit code. */
async function shell({ client, of, failed }: Opened, terminal: ShellTerminal, signal: AbortSignal): Promise<number> {
  const { meta = {}, mounts = [], network = 0 } = failed.op?.exec ?? {};
  const Mounts = mounts.map((mount, at) => ({
    ...mount,
    input: -1,
    output: -1,
    resultID: failed.inputIDs?.[at] ?? '',
  }));
  await client.unary(llbBridge.NewContainer, { ContainerID: CONTAINER, Mounts, Network: network }, of, signal);
  const call = client.call(llbBridge.ExecProcess, of, signal);
  const { env = [], cwd = '/', user = '' } = meta;
  const Meta = { args: ['/bin/sh'], env, cwd, user };
  await call.send({ ProcessID: PROCESS, Init: { ContainerID: CONTAINER, Meta, Fds: [0, 1], Tty: true } });
  const send = (message: object): void => void call.send({ ProcessID: PROCESS, ...message }).catch(() => undefined);
  using _input = terminal.onInput((bytes) => send({ File: { Fd: 0, Data: bytes } }));
  using _size = terminal.follow(async ({ rows, columns }) => send({ Resize: { Rows: rows, Cols: columns } }));
  let exitCode: number | undefined;
  for await (const { File, Exit, Done } of call.responses) {
    if (File !== undefined && File.Data.length > 0) terminal.write(File.Data);
    if (Exit !== undefined) exitCode = Exit.Code;
    if (Done !== undefined) break;
  }
  call.end();
  if (exitCode === undefined) throw new GrpcError(code.unavailable, 'the shell ended without an exit code');
  await client.unary(llbBridge.ReleaseContainer, { ContainerID: CONTAINER }, of, signal);
  return exitCode;
}
