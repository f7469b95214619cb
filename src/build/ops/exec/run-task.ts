import type { Duplex } from 'node:stream';
import { Demultiplexer } from '../../../io/index.ts';
import type { StartTask, TaskExit, TaskRuntime } from '../../../runtime/index.ts';
import type { RuntimeSpec } from '../../../spec/index.ts';

/** Kind of the owners of tasks that are steps of builds. */
export const STEP_OWNER = 'build';

const SIGKILL = 9;
/** Output of steps is not kept beside their clients. */
export const NO_LOG = { driver: 'none', path: '', maxSizeBytes: 0, maxFiles: 1, compress: false } as const;

export interface StepTask {
  readonly id: string;
  readonly spec: RuntimeSpec;
  /** Gets the output as it comes: 1 is stdout, 2 is stderr. */
  readonly output: (stream: 1 | 2, bytes: Uint8Array) => void;
}

/**
 * Runs a process of a step to its end, and releases it. When the signal is aborted, all its processes are killed first.
 * @throws EngineError as TaskRuntime.start; cancelled
 */
export async function runTask(runtime: TaskRuntime, task: StepTask, signal: AbortSignal): Promise<TaskExit> {
  const containerId = task.id;
  const exited = Promise.withResolvers<TaskExit>();
  using _listener = runtime.onExit((exit) => {
    if (exit.containerId === containerId && exit.execId === undefined) exited.resolve(exit);
  });
  const streams = await runtime.attach({ containerId }, { stdin: false, stdout: true, stderr: true }, signal);
  const drained = drain(streams, task.output);
  try {
    await runtime.start(startOf(task), signal);
  } catch (error) {
    await runtime.cancelAttach({ containerId }).catch(() => {});
    streams.destroy();
    await drained;
    throw error;
  }
  const kill = (): void => void runtime.kill({ containerId }, SIGKILL).catch(() => {});
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  try {
    const exit = await exited.promise;
    await drained;
    return exit;
  } finally {
    signal.removeEventListener('abort', kill);
    await runtime.release({ containerId });
  }
}

function startOf({ id, spec }: StepTask): StartTask {
  return {
    containerId: id,
    owner: { kind: STEP_OWNER, id },
    spec,
    runtime: undefined,
    stdio: { tty: false, stdin: false, stdinOnce: false },
    log: NO_LOG,
  };
}

/** Resolves at the end of the output. Never rejects. */
async function drain(streams: Duplex, output: StepTask['output']): Promise<void> {
  const frames = new Demultiplexer(
    (bytes) => output(1, bytes),
    (bytes) => output(2, bytes),
  );
  try {
    for await (const chunk of streams) frames.push(chunk as Buffer);
  } catch {
    // The supervisor has died: its successor tells the exit.
  }
}
