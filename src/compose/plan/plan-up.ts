import { invalid } from '../../base/errors.ts';
import type { Network, Project, Service, Volume } from '../model/index.ts';
import { LABEL, type Running, type RunningContainer, replacedIn } from '../running/index.ts';
import { networkName } from './container/endpoints.ts';
import { volumeName } from './container/mounts.ts';
import type { ContainerChange, Plan, RecreateReason, ResourceChange, ServicePlan } from './plan.ts';
import { type RecreatePolicy, recreateReason } from './recreate-reason.ts';
import { resolveReferences, sharedServices } from './resolve-references.ts';
import { serviceOrder } from './service-order.ts';

export interface UpOptions {
  /** Services to bring up. Others of the project stay as they are. */
  readonly services: ReadonlySet<string>;
  /** Services whose networks and volumes are needed. Default: those to bring up. */
  readonly resources?: ReadonlySet<string>;
  /** For the services that were asked for; their dependencies have {@link dependencyPolicy}. */
  readonly asked: ReadonlySet<string>;
  readonly policy: RecreatePolicy;
  readonly dependencyPolicy: RecreatePolicy;
}

/** Hashes of configurations, as Compose computes them. */
export interface Hashes {
  readonly service: (service: Service) => string;
  readonly network: (network: Network) => string;
  readonly volume: (volume: Volume) => string;
  /** The value of a label with hashes of the keys of a service. */
  readonly keys: (service: Service) => string;
  /** The keys in which a service differs from such a label. Undefined when there is no label. */
  readonly changedKeys: (label: string | undefined, service: Service) => readonly string[] | undefined;
}

/** Decides what `up` changes. @throws EngineError invalid */
export function planUp(project: Project, running: Running, options: UpOptions, hashes: Hashes): Plan {
  const networks = usedNetworks(project, options).map((key) => networkChange(project, running, key, hashes));
  const volumes = usedVolumes(project, options).map((key) => volumeChange(project, running, key, hashes));
  const planner = new ServicePlanner({ project, running, options, hashes, networks });
  const services = serviceOrder(project)
    .filter(({ name = '' }) => options.services.has(name))
    .map((service) => planner.plan(service));
  return { networks, volumes, services, orphans: orphansOf(project, running.containers) };
}

/** Containers of services that the project does not have. Those of `run` are none, nor those of inactive profiles. */
export function orphansOf(project: Project, containers: readonly RunningContainer[]): readonly RunningContainer[] {
  const isKnown = (service: string): boolean => project.services.has(service) || project.disabledServices.has(service);
  return containers.filter(({ service, isOneOff }) => !isOneOff && !isKnown(service));
}

function usedNetworks(project: Project, { services, resources = services }: UpOptions): readonly string[] {
  const used = [...resources].flatMap((name) => [...(project.services.get(name)?.networks?.keys() ?? [])]);
  return [...project.networks.keys()].filter((key) => used.includes(key));
}

function usedVolumes(project: Project, { services, resources = services }: UpOptions): readonly string[] {
  const used = [...resources].flatMap((name) =>
    (project.services.get(name)?.volumes ?? []).flatMap(({ type, source = '' }) => (type === 'volume' ? [source] : [])),
  );
  return [...project.volumes.keys()].filter((key) => used.includes(key));
}

/** @throws EngineError invalid for an external network that is not there, or not the only one of its name */
function networkChange(project: Project, running: Running, key: string, hashes: Hashes): ResourceChange {
  const network = project.networks.get(key) ?? {};
  const name = networkName(project, key);
  const named = running.networks.filter((each) => each.name === name);
  if (network.external === true) return externalNetwork(running, key, name);
  const own = named.find(({ labels }) => labels[LABEL.project] === project.name && labels[LABEL.network] === key);
  const [found = own] = own === undefined ? named : [own];
  if (found === undefined) return { key, name, kind: 'create' };
  if (own === undefined)
    throw invalid(
      `network ${name} was found but has incorrect label ${LABEL.network} set to "${found.labels[LABEL.network] ?? ''}" (expected: "${key}")`,
    );
  const hash = own.labels[LABEL.configHash];
  const isEqual = hash === undefined || hash === hashes.network(network);
  return { key, name, kind: isEqual ? 'keep' : 'recreate', id: own.id };
}

function externalNetwork({ networks }: Running, key: string, name: string): ResourceChange {
  const found = networks.filter((each) => each.name === name || each.id === name);
  if (found.length > 1) throw invalid(`multiple networks match "${name}". Use the id of one as its name`);
  const [network] = found;
  if (network === undefined) throw invalid(`network ${name} declared as external, but could not be found`);
  return { key, name, kind: 'keep', id: network.id };
}

/** @throws EngineError invalid for an external volume that is not there */
function volumeChange(project: Project, running: Running, key: string, hashes: Hashes): ResourceChange {
  const volume = project.volumes.get(key) ?? {};
  const name = volumeName(project, key);
  const found = running.volumes.get(name);
  if (volume.external === true) {
    if (found === undefined) throw invalid(`external volume "${name}" not found`);
    return { key, name, kind: 'keep' };
  }
  if (found === undefined) return { key, name, kind: 'create' };
  const hash = found.labels[LABEL.configHash];
  const isEqual = hash === undefined || hash === hashes.volume(volume);
  return { key, name, kind: isEqual ? 'keep' : 'differs' };
}

interface ServicePlannerDeps {
  readonly project: Project;
  readonly running: Running;
  readonly options: UpOptions;
  readonly hashes: Hashes;
  readonly networks: readonly ResourceChange[];
}

/** Plans services one after the other, each after those that it needs. */
class ServicePlanner {
  readonly #deps: ServicePlannerDeps;
  readonly #networks: ReadonlyMap<string, ResourceChange>;
  /** Services whose first container will be another one. */
  readonly #renewed = new Set<string>();
  /** Services that have containers made anew. */
  readonly #recreated = new Set<string>();

  constructor(deps: ServicePlannerDeps) {
    this.#deps = deps;
    this.#networks = new Map(deps.networks.map((network) => [network.key, network]));
  }

  plan(service: Service): ServicePlan {
    const { name = '' } = service;
    const containers = this.#changes(service);
    const isRecreated = containers.some(({ kind }) => kind === 'recreate');
    if (isRecreated) this.#recreated.add(name);
    if (isRecreated || !containers.some(({ kind }) => kind === 'keep')) this.#renewed.add(name);
    const isRestarted = [...(service.depends_on ?? [])].some(
      ([dependency, how]) => how?.restart === true && this.#recreated.has(dependency),
    );
    return { service: name, containers, isRestarted };
  }

  #changes(service: Service): readonly ContainerChange[] {
    const { project } = this.#deps;
    const all = this.#containersOf(service.name ?? '');
    const unfinished = all.filter((container) => isUnfinished(container, all));
    const existing = all.filter((container) => !unfinished.includes(container));
    // A provider makes what its service is.
    const count = service.provider === undefined ? replicasOf(service) : 0;
    if (count > 1 && service.container_name !== undefined) {
      throw invalid(
        `service "${service.name}" has the container name "${service.container_name}", which only one container can have: remove the name to scale the service`,
      );
    }
    const judged = existing.map((container) => ({ container, reason: this.#reason(service, container) }));
    // The wanted ones first: what is too much is taken from the others.
    const sorted = judged.toSorted((a, b) => Number(a.reason !== undefined) - Number(b.reason !== undefined));
    const changes = sorted.map(({ container, reason }, index): ContainerChange => {
      if (index >= count) return { kind: 'remove', existing: container };
      const { number } = container;
      const name = containerName(project, service, number);
      if (reason !== undefined) return { kind: 'recreate', name, number, existing: container, reason };
      const hasOldName = replacedIn(container.name) !== undefined;
      return { kind: 'keep', existing: container, ...(hasOldName ? { newName: name } : {}) };
    });
    for (const container of unfinished) changes.push({ kind: 'remove', existing: container, isUnfinished: true });
    const last = Math.max(0, ...existing.map(({ number }) => number));
    for (let at = existing.length; at < count; at += 1) {
      const number = last + 1 + at - existing.length;
      changes.push({ kind: 'create', name: containerName(project, service, number), number });
    }
    return changes;
  }

  #reason(service: Service, container: RunningContainer): RecreateReason | undefined {
    const { project, running, options, hashes } = this.#deps;
    const { asked, policy, dependencyPolicy } = options;
    const own = asked.has(service.name ?? '') ? policy : dependencyPolicy;
    const renewed = sharedServices(service).find((each) => this.#renewed.has(each));
    if (renewed !== undefined && own !== 'never') return { kind: 'service', name: renewed };
    const resolved =
      renewed === undefined ? resolveReferences(service, (each) => this.#containersOf(each)).service : undefined;
    const hash = resolved && hashes.service(resolved);
    const wanted = { project, service, hash, networks: this.#networks, images: running.images };
    const reason = recreateReason(wanted, container, own);
    if (reason?.kind !== 'configuration' || resolved === undefined) return reason;
    const keys = hashes.changedKeys(container.labels[LABEL.keys], resolved);
    return keys === undefined ? reason : { ...reason, keys };
  }

  #containersOf(service: string): readonly RunningContainer[] {
    return this.#deps.running.containers.filter((each) => each.service === service && !each.isOneOff);
  }
}

/** Whether a container was made to replace another one, which is still there: an `up` was cut off. */
function isUnfinished({ name }: RunningContainer, all: readonly RunningContainer[]): boolean {
  const replaced = replacedIn(name);
  return replaced !== undefined && all.some(({ id }) => id.startsWith(replaced));
}

/** The number of containers of a service. */
export function replicasOf({ scale, deploy }: Service): number {
  return scale ?? deploy?.replicas ?? 1;
}

export function containerName(project: Project, service: Service, number: number): string {
  const { name, separator = '-' } = project;
  return service.container_name ?? [name, service.name ?? '', number].join(separator);
}
