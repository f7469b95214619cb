import { restartContainer, stopContainer } from '../../client/index.ts';
import type { RunningContainer } from '../running/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { isRunning } from './create-containers.ts';
import { postStart, preStop } from './hooks.ts';
import { forAll } from './in-order.ts';
import { ignoring } from './networks.ts';
import { removeWhole } from './remove-whole.ts';
import { reporting } from './reporter.ts';

export interface StopOptions {
  /** Overrides the grace periods of the containers. -1 waits without a limit. */
  readonly timeoutSeconds: number | undefined;
}

/** Stops those that run, side by side. @throws EngineError */
export async function stopContainers(
  context: ApplyContext,
  containers: readonly RunningContainer[],
  { timeoutSeconds }: StopOptions,
): Promise<void> {
  const { engine, project, report } = context;
  await forAll(containers, async (container) => {
    const { id, name, service } = container;
    await change(context, () =>
      reporting(report, { id: `Container ${name}`, doing: 'Stopping', done: 'Stopped' }, async () => {
        // Another `down` may be faster.
        await ignoring('notFound', async () => {
          await preStop(context, project.services.get(service), container);
          await ignoring('notModified', () => stopContainer(engine, id, { timeoutSeconds }));
        });
      }),
    );
  });
}

/** Restarts containers side by side. @throws EngineError */
export async function restartServices(
  context: ApplyContext,
  containers: readonly RunningContainer[],
  { timeoutSeconds }: StopOptions,
): Promise<void> {
  const { engine, project, report } = context;
  await forAll(containers, async (container) => {
    const { id, name, service } = container;
    await change(context, () =>
      reporting(report, { id: `Container ${name}`, doing: 'Restarting', done: 'Started' }, async () => {
        await preStop(context, project.services.get(service), container);
        await restartContainer(engine, id, { timeoutSeconds });
        await postStart(context, project.services.get(service) ?? {}, container);
      }),
    );
  });
}

/** Stops and removes containers side by side, with their anonymous volumes where asked. @throws EngineError */
export async function removeContainers(
  context: ApplyContext,
  containers: readonly RunningContainer[],
  options: StopOptions & { readonly removesVolumes?: boolean },
): Promise<void> {
  const { engine, report } = context;
  const volumes = options.removesVolumes === true;
  await forAll(containers, async (container) => {
    if (isRunning(container)) await stopContainers(context, [container], options);
    await change(context, () =>
      reporting(report, { id: `Container ${container.name}`, doing: 'Removing', done: 'Removed' }, () =>
        removeWhole(engine, container.id, { force: true, volumes }),
      ),
    );
  });
}
