import { EngineError } from '../../base/errors.ts';
import { removeImage, removeNetwork, removeVolume } from '../../client/index.ts';
import type { Project, Service } from '../model/index.ts';
import { dependenciesOf, imageOf, volumeName } from '../plan/index.ts';
import { LABEL, type Running, type RunningContainer } from '../running/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { forAll, inOrder } from './in-order.ts';
import { reporting } from './reporter.ts';
import { removeContainers, type StopOptions } from './stop-containers.ts';

export interface DownOptions extends StopOptions {
  /** Remove the containers of these services alone, and no networks. Empty: all of the project. */
  readonly services: readonly string[];
  readonly removesOrphans: boolean;
  readonly removesVolumes: boolean;
  /** `local`: images without a name in the project; `all`: all images of services. */
  readonly images: 'none' | 'local' | 'all';
  /** Removes what a provider has made for a service. */
  readonly downProvider: (service: Service) => Promise<void>;
}

/**
 * Removes what a project has at the engine: its containers, each service before those that it depends on, then its networks,
 * and what else is asked for. External networks and volumes stay. May be repeated. @throws EngineError
 */
export async function down(context: ApplyContext, running: Running, options: DownOptions): Promise<void> {
  const { project } = context;
  const { services, removesVolumes } = options;
  const wanted = running.containers.filter((container) => isWanted(context, container, options));
  const provided = [...project.services.values()].filter(
    ({ name = '', provider }) => provider !== undefined && (services.length === 0 || services.includes(name)),
  );
  const names = new Set(
    [...wanted, ...provided.map(({ name = '' }) => ({ service: name }))].map(({ service }) => service),
  );
  const dependents = new Map<string, string[]>();
  for (const name of names) {
    for (const needed of dependenciesOf(project, name))
      dependents.set(needed, [...(dependents.get(needed) ?? []), name]);
  }
  await inOrder(
    names,
    (name) => dependents.get(name) ?? [],
    async (name) => {
      const containers = wanted.filter(({ service }) => service === name);
      await removeContainers(context, containers, { ...options, removesVolumes });
      const service = provided.find((each) => each.name === name);
      if (service !== undefined) await options.downProvider(service);
    },
  );
  if (services.length > 0) return;
  await forAll(
    [
      () => removeNetworks(context, running),
      () => (removesVolumes ? removeVolumes(context, running) : Promise.resolve()),
      () => removeImages(context, running, options.images),
    ],
    (work) => work(),
  );
}

function isWanted(
  { project }: ApplyContext,
  { service, isOneOff }: RunningContainer,
  { services, removesOrphans }: DownOptions,
): boolean {
  if (services.length > 0) return services.includes(service);
  // Containers of inactive profiles stay, as with Compose.
  if (project.disabledServices.has(service)) return false;
  return removesOrphans || (project.services.has(service) && !isOneOff);
}

async function removeNetworks(context: ApplyContext, { networks }: Running): Promise<void> {
  const { engine, project, report } = context;
  const own = networks.filter(
    ({ labels }) => labels[LABEL.project] === project.name && labels[LABEL.network] !== undefined,
  );
  await forAll(own, async ({ id, name }) => {
    const subject = `Network ${name}`;
    await change(context, async () => {
      report({ id: subject, text: 'Removing', status: 'working' });
      await tolerant(context, subject, () => removeNetwork(engine, id));
    });
  });
}

async function removeVolumes(context: ApplyContext, { volumes }: Running): Promise<void> {
  const { engine, project, report } = context;
  const own = [...volumes.values()].filter(
    ({ name, labels }) =>
      labels[LABEL.project] === project.name && isOfFiles(project, labels[LABEL.volume] ?? '', name),
  );
  await forAll(own, async ({ name }) => {
    const subject = `Volume ${name}`;
    await change(context, async () => {
      report({ id: subject, text: 'Removing', status: 'working' });
      await tolerant(context, subject, () => removeVolume(engine, name, { force: true }));
    });
  });
}

/** A volume that the files have no more, or under another name, is kept with its data. */
function isOfFiles(project: Project, key: string, name: string): boolean {
  return project.volumes.has(key) && volumeName(project, key) === name;
}

/** What others still use stays, and is said. @throws EngineError */
async function tolerant({ report }: ApplyContext, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    report({ id, text: 'Removed', status: 'done' });
  } catch (error) {
    const isUsed = error instanceof EngineError && (error.kind === 'conflict' || error.kind === 'forbidden');
    const isGone = error instanceof EngineError && error.kind === 'notFound';
    if (!isUsed && !isGone) {
      report({ id, text: 'Error', status: 'error' });
      throw error;
    }
    report({ id, text: isGone ? 'Removed' : 'Resource is still in use', status: isGone ? 'done' : 'warning' });
  }
}

async function removeImages(context: ApplyContext, running: Running, which: DownOptions['images']): Promise<void> {
  if (which === 'none') return;
  const { engine, project, report } = context;
  const services = [...project.services.values(), ...project.disabledServices.values()];
  const names = services
    .filter(({ image }) => which === 'all' || image === undefined)
    .map((service) => imageOf(project, service))
    .filter((name) => running.images.has(name));
  await forAll(new Set(names), async (name) => {
    await change(context, () =>
      reporting(report, { id: `Image ${name}`, doing: 'Removing', done: 'Removed' }, async () => {
        await removeImage(engine, name, {});
      }),
    );
  });
}
