import { failed } from '../../base/errors.ts';
import { createExec, type Engine, inspectExec, startExec } from '../../client/index.ts';
import { Demultiplexer } from '../../io/index.ts';
import type { Service } from '../model/index.ts';
import type { RunningContainer } from '../running/index.ts';
import type { ApplyContext, HookContainer, HookOutput } from './apply-context.ts';

type Hook = NonNullable<Service['post_start']>[number];

/** Runs the commands of `post_start`, one after the other. @throws EngineError failed when one does not end with 0 */
export async function postStart(context: ApplyContext, service: Service, container: HookContainer): Promise<void> {
  if (context.isDry) return;
  await runHooks(context, service.post_start ?? [], container);
}

/** Runs the commands of `pre_stop`, one after the other. @throws EngineError failed when one does not end with 0 */
export async function preStop(
  context: ApplyContext,
  service: Service | undefined,
  container: HookContainer & Pick<RunningContainer, 'state'>,
): Promise<void> {
  if (container.state !== 'running' || context.isDry) return;
  await runHooks(context, service?.pre_stop ?? [], container);
}

async function runHooks(
  { engine, hookOutput }: ApplyContext,
  hooks: readonly Hook[],
  container: HookContainer,
): Promise<void> {
  for (const hook of hooks) await runHook(engine, hook, { container, output: hookOutput?.(container) });
}

/** How much of a failed hook's output an error shows. */
const SHOWN_BYTES = 8192;

/**
 * Runs a command in a container. Its output goes to `output`; without one the error shows its last part. @throws EngineError failed when
 * it does not end with 0
 */
export async function runHook(
  engine: Engine,
  hook: Hook,
  { container, output }: { readonly container: HookContainer; readonly output?: HookOutput | undefined },
): Promise<void> {
  const exec = await createExec(engine, container.id, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: hook.command ?? [],
    ...(hook.user === undefined ? {} : { User: hook.user }),
    ...(hook.privileged === undefined ? {} : { Privileged: hook.privileged }),
    ...(hook.working_dir === undefined ? {} : { WorkingDir: hook.working_dir }),
    ...(hook.environment === undefined
      ? {}
      : { Env: [...hook.environment].map(([key, value]) => (value === null ? key : `${key}=${value}`)) }),
  });
  let last = Buffer.alloc(0);
  const take = (data: Uint8Array): void => {
    if (output !== undefined) output.write(data);
    else last = Buffer.concat([last, data]).subarray(-SHOWN_BYTES);
  };
  const { socket } = await startExec(engine, exec, { tty: false });
  const demultiplexer = new Demultiplexer(take, take);
  // The end of the stream is the end of the command.
  for await (const chunk of socket) demultiplexer.push(chunk);
  output?.end();
  const { ExitCode } = await inspectExec(engine, exec);
  if (ExitCode === 0) return;
  const text = last.toString().trimEnd();
  throw failed(`${container.service} hook exited with status ${ExitCode}${text === '' ? '' : `:\n${text}`}`);
}
