import { failed } from '../../base/errors.ts';
import { createExec, type Engine, inspectExec, startExec } from '../../client/index.ts';
import type { Service } from '../model/index.ts';
import type { RunningContainer } from '../running/index.ts';
import type { ApplyContext } from './apply-context.ts';

type Hook = NonNullable<Service['post_start']>[number];

/** Runs the commands of `post_start`, one after the other. @throws EngineError failed when one does not end with 0 */
export async function postStart(context: ApplyContext, service: Service, container: Named): Promise<void> {
  if (context.isDry) return;
  for (const hook of service.post_start ?? []) await runHook(context.engine, hook, container);
}

/** Runs the commands of `pre_stop`, one after the other. @throws EngineError failed when one does not end with 0 */
export async function preStop(
  context: ApplyContext,
  service: Service | undefined,
  container: Named & Pick<RunningContainer, 'state'>,
): Promise<void> {
  if (container.state !== 'running' || context.isDry) return;
  for (const hook of service?.pre_stop ?? []) await runHook(context.engine, hook, container);
}

type Named = Pick<RunningContainer, 'id' | 'name'>;

/** Runs a command in a container. @throws EngineError failed when it does not end with 0 */
export async function runHook(engine: Engine, hook: Hook, { id, name }: Named): Promise<void> {
  const exec = await createExec(engine, id, {
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
  const { socket } = await startExec(engine, exec, { tty: false });
  // The end of the stream is the end of the command.
  for await (const _output of socket);
  const { ExitCode } = await inspectExec(engine, exec);
  if (ExitCode !== 0)
    throw failed(`${(hook.command ?? []).join(' ')} in container ${name} ended with exit code ${ExitCode}`);
}
