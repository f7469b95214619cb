import { EngineError } from '../../base/errors.ts';
import { createContainer, stopContainer } from '../../client/index.ts';
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
import type { Running, RunningContainer } from '../running/index.ts';
import { type ApplyContext, change } from './apply-context.ts';
import { preStop } from './hooks.ts';
import { forAll, inOrder } from './in-order.ts';
import { inheritedVolumes } from './inherited-volumes.ts';
import { ignoring } from './networks.ts';
import { type AdoptedContainer, adoptContainer, renameOnce, takePlace } from './other-up.ts';
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
        await this.#remove(change.existing, change.isUnfinished === true);
        return undefined;
      case 'keep': {
        const { id, number } = change.existing;
        const name = change.newName ?? change.existing.name;
        if (change.newName !== undefined) await renameOnce(this.#context.engine, id, name);
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
    const created = await change(this.#context, () =>
      reporting(this.#context.report, { id: `Container ${name}`, doing: 'Creating', done: 'Created' }, () =>
        this.#orAdopt(service, { name, number, made }, async () => {
          const id = await this.#createAs(service, { name, number, requestName: name }, made);
          return { id, isRunning: false };
        }),
      ),
    );
    return { ...created, name, number, service: service.name ?? '' };
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
    const replaces = service.container_name ?? [service.name ?? '', number].join(project.separator ?? '-');
    const from = { ...made, replaces, ...(inherited === undefined ? {} : { inherited }) };
    const replace = async (): Promise<AdoptedContainer> => {
      const created = await this.#createAs(service, { name, number, requestName: temporary }, from);
      if (isRunning(existing)) await preStop(this.#context, project.services.get(existing.service), existing);
      await ignoring('notFound', () =>
        stopContainer(engine, existing.id, { timeoutSeconds: this.#options.timeoutSeconds }),
      );
      if (this.#options.keepsReplaced === true) await renameOnce(engine, existing.id, replacedName(existing));
      else await removeWhole(engine, existing.id, { force: false });
      if (this.#context.isDry) return { id: created, isRunning: false };
      await takePlace(engine, created, name);
      return { id: created, isRunning: false };
    };
    const done = await change(this.#context, () =>
      reporting(report, { id: `Container ${existing.name}`, doing: 'Recreate', done: 'Recreated' }, () =>
        this.#orAdopt(service, { name, number, made, replaced: existing.id }, replace),
      ),
    );
    const successor = { ...done, name, number, service: service.name ?? '' };
    if (this.#options.keepsReplaced === true) this.replaced.push({ old: existing, successor });
    return successor;
  }

  /** Makes a container, or takes that of another `up` which makes the same one. @throws EngineError */
  async #orAdopt(
    service: Service,
    { made, replaced, ...place }: InPlace,
    make: () => Promise<AdoptedContainer>,
  ): Promise<AdoptedContainer> {
    try {
      return await make();
    } catch (fault) {
      if (!(fault instanceof EngineError && fault.kind === 'conflict')) throw fault;
      return await adoptContainer(
        this.#context,
        { ...place, project: this.#context.project.name, service: service.name ?? '', configHash: made.configHash },
        { fault, ...(replaced === undefined ? {} : { replaced }) },
      );
    }
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

  async #remove(container: RunningContainer, isUnfinished: boolean): Promise<void> {
    const { engine, report } = this.#context;
    const id = `Container ${container.name}`;
    if (isRunning(container)) await this.#stop(container);
    await change(this.#context, () =>
      reporting(report, { id, doing: 'Removing', done: 'Removed' }, () =>
        // By its name, an unfinished one of another `up` that goes on is left when it has got its final name meanwhile.
        removeWhole(engine, isUnfinished ? container.name : container.id, { force: true }),
      ),
    );
  }
}

/** The name of a container that may be put back. */
function replacedName({ id, name }: RunningContainer): string {
  return `${name}-replaced-${id.slice(0, 12)}`;
}

interface InPlace {
  readonly name: string;
  readonly number: number;
  readonly made: MadeFrom;
  /** Id of the container whose place it is. */
  readonly replaced?: string;
}

type MadeFrom = Pick<
  Parameters<typeof containerBody>[1],
  'configHash' | 'keyHashes' | 'references' | 'replaces' | 'inherited'
>;

export function isRunning({ state }: Pick<RunningContainer, 'state'>): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}
