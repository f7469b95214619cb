import { createContainer, renameContainer, stopContainer } from '../../client/index.ts';
import type { Service } from '../model/index.ts';
import {
  type ContainerChange,
  containerBody,
  dependenciesOf,
  type Hashes,
  imageOf,
  type Plan,
  resolveReferences,
  type ServicePlan,
} from '../plan/index.ts';
import type { Running, RunningContainer, RunningImage } from '../running/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { preStop } from './hooks.ts';
import { forAll, inOrder } from './in-order.ts';
import { ignoring } from './networks.ts';
import { removeWhole } from './remove-whole.ts';
import { reporting } from './reporter.ts';
import { seccompProfile } from './seccomp-profile.ts';

export interface CreateOptions {
  readonly hashes: Hashes;
  /** Whether a new container gets new anonymous volumes in place of those of its predecessor. */
  readonly renewsVolumes: boolean;
  /** Overrides the grace periods of services. */
  readonly timeoutSeconds: number | undefined;
  /** Whether containers that are replaced stay, stopped, so that they can be put back. */
  readonly keepsReplaced?: boolean;
}

/** What {@link createContainers} has made. */
export interface CreatedContainers {
  /** All containers of the services, by service. */
  readonly containers: ReadonlyMap<string, readonly ServiceContainer[]>;
  /** With {@link CreateOptions.keepsReplaced}. */
  readonly replaced: readonly ReplacedContainer[];
  /** Ids of containers that were stopped since they restart with another one. */
  readonly stopped: readonly string[];
}

/** A container that another one has replaced. It is stopped, and has another name. */
export interface ReplacedContainer {
  readonly old: RunningContainer;
  readonly successor: ServiceContainer;
}

/** A container that a service has after the changes. */
export type ServiceContainer = Pick<RunningContainer, 'id' | 'name' | 'number' | 'service'> & {
  readonly isRunning: boolean;
};

/**
 * Makes the containers of services as a plan says, in the order of their dependencies. Nothing is started.
 * @throws EngineError
 */
export async function createContainers(
  context: ApplyContext,
  { plan, running }: { readonly plan: Plan; readonly running: Running },
  options: CreateOptions,
): Promise<CreatedContainers> {
  const creator = new ContainerCreator(context, running, options);
  const services = new Map(plan.services.map((service) => [service.service, service]));
  await inOrder(
    services.keys(),
    (name) => dependenciesOf(context.project, name),
    async (name) => {
      const service = services.get(name);
      if (service !== undefined) await creator.make(service, [...services.values()]);
    },
  );
  return { containers: creator.made, replaced: creator.replaced, stopped: creator.stopped };
}

class ContainerCreator {
  readonly made = new Map<string, readonly ServiceContainer[]>();
  readonly replaced: ReplacedContainer[] = [];
  readonly #context: ApplyContext;
  readonly #running: Running;
  readonly #options: CreateOptions;
  /** Containers that wait for a recreated dependency. */
  readonly #stopped = new Set<string>();

  constructor(context: ApplyContext, running: Running, options: CreateOptions) {
    this.#context = context;
    this.#running = running;
    this.#options = options;
  }

  get stopped(): readonly string[] {
    return [...this.#stopped];
  }

  async make(plan: ServicePlan, all: readonly ServicePlan[]): Promise<void> {
    const service = this.#context.project.services.get(plan.service) ?? {};
    if (plan.containers.some(({ kind }) => kind === 'recreate')) await this.#stopDependents(plan.service, all);
    const { service: resolved, references } = resolveReferences(service, (name) => this.#containersOf(name));
    const { hashes } = this.#options;
    const from = { configHash: hashes.service(resolved), keyHashes: hashes.keys(resolved), references };
    const made: ServiceContainer[] = [];
    const isFirst = (change: ContainerChange): boolean => change.kind === 'remove' && change.isUnfinished === true;
    await forAll(plan.containers.filter(isFirst), async (change) => {
      await this.#apply(service, change, from);
    });
    const others = plan.containers.filter((change) => !isFirst(change));
    await forAll(others, async (change) => {
      const container = await this.#apply(service, change, from);
      if (container !== undefined) made.push(container);
    });
    this.made.set(
      plan.service,
      made.sort((a, b) => a.number - b.number),
    );
  }

  #containersOf(name: string): readonly Pick<RunningContainer, 'id' | 'name' | 'number'>[] {
    const known = this.made.get(name);
    if (known !== undefined) return known;
    return this.#running.containers.filter(({ service, isOneOff }) => service === name && !isOneOff);
  }

  /** Stops what restarts with a service, before the service is made anew. */
  async #stopDependents(name: string, all: readonly ServicePlan[]): Promise<void> {
    const { project } = this.#context;
    const dependents = all.filter(({ service, isRestarted }) => {
      return isRestarted && project.services.get(service)?.depends_on?.get(name)?.restart === true;
    });
    const containers = dependents.flatMap(({ service }) =>
      this.#running.containers.filter((each) => each.service === service && !each.isOneOff && isRunning(each)),
    );
    await forAll(containers, async (container) => {
      if (this.#stopped.has(container.id)) return;
      this.#stopped.add(container.id);
      await this.#stop(container);
    });
  }

  async #stop(container: RunningContainer): Promise<void> {
    const { engine, report, project } = this.#context;
    await change(this.#context, () =>
      reporting(report, { id: `Container ${container.name}`, doing: 'Stopping', done: 'Stopped' }, async () => {
        await preStop(this.#context, project.services.get(container.service), container);
        await stopContainer(engine, container.id, { timeoutSeconds: this.#options.timeoutSeconds });
      }),
    );
  }

  async #apply(service: Service, change: ContainerChange, made: MadeFrom): Promise<ServiceContainer | undefined> {
    switch (change.kind) {
      case 'create':
        return await this.#create(service, change, made);
      case 'recreate':
        return await this.#recreate(service, change, made);
      case 'remove':
        await this.#remove(change.existing);
        return undefined;
      case 'keep': {
        const { id, number } = change.existing;
        const name = change.newName ?? change.existing.name;
        if (change.newName !== undefined) await renameContainer(this.#context.engine, id, name);
        const runs = isRunning(change.existing) && !this.#stopped.has(id);
        if (runs) this.#context.report({ id: `Container ${name}`, text: 'Running', status: 'done' });
        return { id, name, number, service: service.name ?? '', isRunning: runs };
      }
    }
  }

  async #create(
    service: Service,
    { name, number }: { readonly name: string; readonly number: number },
    made: MadeFrom,
  ): Promise<ServiceContainer> {
    const id = await change(this.#context, () =>
      reporting(this.#context.report, { id: `Container ${name}`, doing: 'Creating', done: 'Created' }, () =>
        this.#createAs(service, { name, number, requestName: name }, made),
      ),
    );
    return { id, name, number, service: service.name ?? '', isRunning: false };
  }

  /** The new container is there before the old one goes. Its name is its own when it has gone. */
  async #recreate(
    service: Service,
    { name, number, existing }: Extract<ContainerChange, { readonly kind: 'recreate' }>,
    made: MadeFrom,
  ): Promise<ServiceContainer> {
    const { engine, report, project } = this.#context;
    const image = this.#running.images.get(imageOf(project, service));
    const inherited = this.#options.renewsVolumes ? undefined : inheritedVolumes(service, existing, image);
    const temporary = `${existing.id.slice(0, 12)}_${name}`;
    const id = await change(this.#context, () =>
      reporting(report, { id: `Container ${existing.name}`, doing: 'Recreate', done: 'Recreated' }, async () => {
        const replaces = service.container_name ?? [service.name ?? '', number].join(project.separator ?? '-');
        const from = { ...made, replaces, ...(inherited === undefined ? {} : { inherited }) };
        const created = await this.#createAs(service, { name, number, requestName: temporary }, from);
        if (isRunning(existing)) await preStop(this.#context, project.services.get(existing.service), existing);
        await ignoring('notFound', () =>
          stopContainer(engine, existing.id, { timeoutSeconds: this.#options.timeoutSeconds }),
        );
        if (this.#options.keepsReplaced === true) await renameContainer(engine, existing.id, replacedName(existing));
        else await removeWhole(engine, existing.id, { force: false });
        await renameContainer(engine, created, name);
        return created;
      }),
    );
    const successor = { id, name, number, service: service.name ?? '', isRunning: false };
    if (this.#options.keepsReplaced === true) this.replaced.push({ old: existing, successor });
    return successor;
  }

  async #createAs(
    service: Service,
    { name, number, requestName }: { readonly name: string; readonly number: number; readonly requestName: string },
    made: MadeFrom,
  ): Promise<string> {
    const { engine, project } = this.#context;
    const imageId = this.#running.images.get(imageOf(project, service))?.id;
    const body = containerBody(project, {
      ...made,
      ...(await seccompProfile(project, service)),
      ...{ service, name, number, imageId },
    });
    return (await createContainer(engine, body, { name: requestName, platform: service.platform })).Id;
  }

  async #remove(container: RunningContainer): Promise<void> {
    const { engine, report } = this.#context;
    const id = `Container ${container.name}`;
    if (isRunning(container)) await this.#stop(container);
    await change(this.#context, () =>
      reporting(report, { id, doing: 'Removing', done: 'Removed' }, () =>
        removeWhole(engine, container.id, { force: true }),
      ),
    );
  }
}

/** The name of a container that may be put back. */
function replacedName({ id, name }: RunningContainer): string {
  return `${name}-replaced-${id.slice(0, 12)}`;
}

type MadeFrom = Pick<
  Parameters<typeof containerBody>[1],
  'configHash' | 'keyHashes' | 'references' | 'replaces' | 'inherited'
>;

export function isRunning({ state }: Pick<RunningContainer, 'state'>): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

/**
 * Names of the anonymous volumes of a container, by their targets: those that the service or its image still has. Volumes of the
 * project are mounted by their names anyway, and volumes of other containers (`volumes_from`) come from those.
 */
function inheritedVolumes(
  service: Service,
  existing: RunningContainer,
  image: RunningImage | undefined,
): ReadonlyMap<string, string> {
  const wanted = new Set([...(service.volumes ?? []).map(({ target = '' }) => target), ...(image?.volumes ?? [])]);
  const named = new Set(
    (service.volumes ?? []).flatMap(({ source, target = '' }) =>
      source === undefined || source === '' ? [] : [target],
    ),
  );
  const tmpfs = new Set((service.tmpfs ?? []).map((entry) => entry.split(':')[0]));
  return new Map(
    existing.mounts.flatMap(({ type, name, target }) =>
      type === 'volume' && name !== '' && wanted.has(target) && !named.has(target) && !tmpfs.has(target)
        ? [[target, name] as const]
        : [],
    ),
  );
}
