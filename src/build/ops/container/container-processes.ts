import type { Duplex } from 'node:stream';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { newObjectId } from '../../../base/ids.ts';
import { netMode } from '../../../grpc/messages/pb.ts';
import { readInRoot } from '../../../linux/index.ts';
import { buildExecProcess, type TaskExit, USER_FILE_BYTES_MAX } from '../../../runtime/index.ts';
import type { RuntimeProcess, StdioSpec, TaskRef } from '../../../spec/index.ts';
import type { ContainerProcess, StartedProcess } from '../../build-container.ts';
import type { RunningBuild } from '../../builds.ts';
import { type StepContext, unlessAborted } from '../../solver/index.ts';
import { checkEntitlements } from '../entitlements.ts';
import { NO_LOG, STEP_OWNER } from '../exec/run-task.ts';
import { secretVariables } from '../exec/secret-mounts.ts';
import { type StepSpecInput, stepHostConfig, stepSpec } from '../exec/step-spec.ts';
import type { OpDeps } from '../op-deps.ts';
import { connectProcess } from './process-streams.ts';

const SIGKILL = 9;

export interface ContainerParts extends Pick<StepSpecInput, 'id' | 'mounts' | 'files' | 'hostname' | 'netnsPath'> {
  readonly build: RunningBuild;
  readonly context: StepContext;
}

/** The processes of a container: tasks of the engine, without a container record. Disposing kills them. */
export class ContainerProcesses implements AsyncDisposable {
  readonly #deps: OpDeps;
  readonly #parts: ContainerParts;
  readonly #starts = new Set<Promise<unknown>>();
  /** Exits that are awaited, the main process's and those of execs. */
  readonly #ends = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  /** What starts ends with the container, also when the build goes on. */
  readonly #context: StepContext;
  #hasMain = false;

  constructor(deps: OpDeps, parts: ContainerParts) {
    this.#deps = deps;
    this.#parts = parts;
    const { context } = parts;
    this.#context = { ...context, signal: AbortSignal.any([context.signal, this.#stop.signal]) };
  }

  /** @throws as {@link BuildContainer} */
  start(process: ContainerProcess): Promise<StartedProcess> {
    const starting = this.#start(process);
    this.#starts.add(starting);
    const settled = (): void => void this.#starts.delete(starting);
    starting.then(settled, settled);
    return starting;
  }

  async #start(process: ContainerProcess): Promise<StartedProcess> {
    const { id, build } = this.#parts;
    this.#stop.signal.throwIfAborted();
    checkEntitlements({ network: netMode.UNSET, security: process.security }, build.entitlements);
    const isMain = !this.#hasMain;
    this.#hasMain = true;
    const variables = await secretVariables(this.#deps, process.secrets, this.#context);
    this.#stop.signal.throwIfAborted();
    const task = isMain ? { containerId: id } : { containerId: id, execId: newObjectId() };
    const input = this.#input(process, variables);
    return await this.#run(task, process, input);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new EngineError('conflict', 'the container has been released'));
    if (!this.#hasMain) return;
    const { runtime } = this.#deps.ports;
    const task = { containerId: this.#parts.id };
    await Promise.allSettled(this.#starts);
    // It may have ended already, or never have started.
    await runtime.kill(task, SIGKILL).catch(() => {});
    await Promise.allSettled(this.#ends);
    await runtime.release(task);
  }

  #input(process: ContainerProcess, variables: readonly string[]): StepSpecInput {
    const { ports } = this.#deps;
    const { id, mounts, files, hostname, netnsPath } = this.#parts;
    return {
      ...{ id, mounts, files, hostname, netnsPath, ports, meta: process.meta, exec: { security: process.security } },
      ...{ resources: undefined, secretVariables: variables, hasTerminal: process.hasTerminal },
    };
  }

  async #run(task: TaskRef, process: ContainerProcess, input: StepSpecInput): Promise<StartedProcess> {
    const { runtime } = this.#deps.ports;
    const { signal } = this.#context;
    const { hasInput: stdin, hasTerminal: tty } = process;
    const exited = Promise.withResolvers<TaskExit>();
    const listener = runtime.onExit((exit) => {
      if (exit.containerId === task.containerId && exit.execId === task.execId) exited.resolve(exit);
    });
    const streams = await runtime
      .attach(task, { stdin, stdout: true, stderr: true }, signal)
      .catch((error: unknown) => {
        listener[Symbol.dispose]();
        throw error;
      });
    // Nobody has to read the last output of what is killed.
    const output: ContainerProcess['output'] = async (stream, bytes) =>
      await unlessAborted(Promise.resolve(process.output(stream, bytes)), this.#stop.signal);
    const connected = connectProcess(streams, { ...process, output });
    const begun = this.#begin(task, input, { tty, stdin, stdinOnce: stdin && !tty });
    const exitCode = this.#ended(task, process, { begun, exited: exited.promise, streams, drained: connected.drained });
    this.#ends.add(exitCode);
    exitCode
      .catch(() => {})
      .finally(() => {
        listener[Symbol.dispose]();
        this.#ends.delete(exitCode);
      });
    await begun.catch(() => {});
    return {
      exitCode,
      write: connected.write,
      endInput: connected.endInput,
      resize: (rows, columns) => runtime.resize(task, rows, columns).catch(() => {}),
      signal: (signalNumber) => runtime.kill(task, signalNumber).catch(() => {}),
    };
  }

  async #begin(task: TaskRef, input: StepSpecInput, stdio: StdioSpec): Promise<void> {
    const { runtime } = this.#deps.ports;
    const { containerId, execId } = task;
    const { signal } = this.#context;
    const owner = { kind: STEP_OWNER, id: containerId };
    const started = { containerId, owner, runtime: undefined, stdio };
    if (execId === undefined) await runtime.start({ ...started, spec: stepSpec(input), log: NO_LOG }, signal);
    else await runtime.exec({ ...started, execId, process: execProcess(input) }, signal);
  }

  async #ended(
    task: TaskRef,
    process: ContainerProcess,
    run: {
      readonly begun: Promise<void>;
      readonly exited: Promise<TaskExit>;
      readonly streams: Duplex;
      readonly drained: Promise<void>;
    },
  ): Promise<number> {
    const { runtime } = this.#deps.ports;
    try {
      await run.begun;
    } catch (error) {
      await runtime.cancelAttach(task).catch(() => {});
      run.streams.destroy();
      return await refusedExit(error, task, process);
    }
    const { exitCode } = await run.exited;
    await run.drained;
    if (task.execId !== undefined) await runtime.release(task);
    return exitCode ?? 255;
  }
}

function execProcess(input: StepSpecInput): RuntimeProcess {
  const { meta, mounts, ports, hostname, hasTerminal = false } = input;
  return buildExecProcess(
    {
      config: { Hostname: hostname, Env: [...meta.env, ...input.secretVariables] },
      hostConfig: stepHostConfig(input),
      facts: ports.host,
      readFile: (file) => readInRoot(mounts.rootfs, file, USER_FILE_BYTES_MAX)?.toString('utf8'),
    },
    { Cmd: [...meta.args], User: meta.user, WorkingDir: meta.cwd || '/', Tty: hasTerminal },
  );
}

/** As BuildKit: what the runtime says of a program that cannot be started is output, and the exit code is 1. @throws EngineError */
async function refusedExit(error: unknown, { execId }: TaskRef, { output }: ContainerProcess): Promise<number> {
  const refusal = /(?:unable to start container process|exec failed): .*/s.exec(messageOf(error))?.[0];
  if (refusal === undefined) throw error;
  await output(2, Buffer.from(`runc ${execId === undefined ? 'run' : 'exec'} failed: ${refusal}\n`));
  return 1;
}
