import { failed, messageOf } from '../../base/errors.ts';
import { startContainer } from '../../client/index.ts';
import type { Dependency, Service } from '../model/index.ts';
import { dependenciesOf } from '../plan/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { writeCopiedFiles } from './copied-files.ts';
import type { ServiceContainer } from './create-containers.ts';
import { postStart } from './hooks.ts';
import { forAll, inOrder } from './in-order.ts';
import { reporting } from './reporter.ts';
import type { StateWatch } from './state-watch.ts';
import { waitForAll } from './wait-condition.ts';

type Containers = ReadonlyMap<string, readonly ServiceContainer[]>;

/**
 * Starts the containers of services that do not run, each service when those that it depends on have reached what it
 * waits for. @throws EngineError
 */
export async function startServices(context: ApplyContext, containers: Containers, watch: StateWatch): Promise<void> {
  await inOrder(
    containers.keys(),
    (name) => dependenciesOf(context.project, name),
    async (name) => {
      const service = context.project.services.get(name) ?? {};
      await waitForDependencies(context, service, { containers, watch });
      await forAll(containers.get(name) ?? [], async (container) => {
        if (!container.isRunning) await startOne(context, service, container);
      });
    },
  );
}

async function startOne(context: ApplyContext, service: Service, container: ServiceContainer): Promise<void> {
  const { engine, project, report } = context;
  await change(context, () =>
    reporting(report, { id: `Container ${container.name}`, doing: 'Starting', done: 'Started' }, async () => {
      // They are written at each start: a file system of the container may have lost them.
      await writeCopiedFiles(engine, { project, service }, container.id);
      // Another `up` may have started it: that runs the hooks.
      if (await startContainer(engine, container.id)) await postStart(context, service, container);
    }),
  );
}

async function waitForDependencies(
  context: ApplyContext,
  service: Service,
  { containers, watch }: { readonly containers: Containers; readonly watch: StateWatch },
): Promise<void> {
  await forAll(service.depends_on ?? [], async ([name, dependency]) => {
    const condition = CONDITIONS[dependency?.condition ?? ''];
    const waited = containers.get(name) ?? [];
    if (condition === undefined || waited.length === 0) return;
    try {
      await waitForAll(context, waited, { condition, watch });
    } catch (error) {
      if (isRequired(dependency)) {
        const what = condition === 'completed' ? '' : 'dependency failed to start: ';
        throw failed(`${what}${messageOf(error)}`, error);
      }
      const text = `optional dependency "${name}" failed to start: ${messageOf(error)}`;
      context.report({ id: `Service ${name}`, text, status: 'warning' });
    }
  });
}

const CONDITIONS: Readonly<Record<string, 'healthy' | 'completed'>> = {
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
};

function isRequired(dependency: Dependency | null): boolean {
  return dependency?.required !== false;
}
