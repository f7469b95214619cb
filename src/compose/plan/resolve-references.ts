import { invalid } from '../../base/errors.ts';
import type { Service } from '../model/index.ts';
import type { RunningContainer } from '../running/index.ts';
import type { References } from './container/references.ts';

/** A service whose references name containers instead of services. */
export interface ResolvedService {
  /** What its hash is computed of: as Compose, with the ids of containers. */
  readonly service: Service;
  readonly references: References;
}

const SERVICE = 'service:';
const CONTAINER = 'container:';

/** Services that a service names outside of `depends_on`: it cannot be created before they have containers. */
export function referencedServices(service: Service): readonly string[] {
  const modes = [service.network_mode, service.ipc, service.pid].flatMap((mode) =>
    mode?.startsWith(SERVICE) ? [mode.slice(SERVICE.length)] : [],
  );
  const volumes = (service.volumes_from ?? []).filter((from) => !from.startsWith(CONTAINER)).map(nameBeforeColon);
  return [...new Set([...modes, ...volumes, ...(service.links ?? []).map(nameBeforeColon)])];
}

/** Services whose containers a container shares something with: it is made anew when they are. */
export function sharedServices(service: Service): readonly string[] {
  return referencedServices({ ...service, links: [] });
}

/**
 * Replaces the names of services by containers. `containersOf` returns those of a service, the first one first.
 * @throws EngineError invalid when a service has no container
 */
export function resolveReferences(
  service: Service,
  containersOf: (service: string) => readonly Pick<RunningContainer, 'id' | 'name' | 'number'>[],
): ResolvedService {
  const first = (name: string): string => {
    const [container] = containersOf(name);
    if (container === undefined)
      throw invalid(`service "${service.name}" needs a container of "${name}", which has none`);
    return container.id;
  };
  const mode = (value: string | undefined): string | undefined =>
    value?.startsWith(SERVICE) ? `${CONTAINER}${first(value.slice(SERVICE.length))}` : undefined;
  const [networkMode, ipc, pid] = [mode(service.network_mode), mode(service.ipc), mode(service.pid)];
  const sources = service.volumes_from?.map((from) => sourceOf(from, first));
  const links = linksOf(service, containersOf);
  return {
    service: {
      ...service,
      ...(networkMode === undefined ? {} : { network_mode: networkMode }),
      ...(ipc === undefined ? {} : { ipc }),
      ...(pid === undefined ? {} : { pid }),
      ...(sources === undefined ? {} : { volumes_from: sources.map(({ id }) => id) }),
    },
    references: {
      ...(networkMode === undefined ? {} : { networkMode }),
      ...(ipc === undefined ? {} : { ipc }),
      ...(pid === undefined ? {} : { pid }),
      ...(sources === undefined ? {} : { volumesFrom: sources.map(({ id, access }) => `${id}${access}`) }),
      ...(links.length === 0 ? {} : { links }),
    },
  };
}

/** `db`, `db:ro`, `container:NAME`, `container:NAME:ro`. */
function sourceOf(from: string, first: (service: string) => string): { readonly id: string; readonly access: string } {
  const isContainer = from.startsWith(CONTAINER);
  const [name = '', access] = (isContainer ? from.slice(CONTAINER.length) : from).split(':');
  return { id: isContainer ? name : first(name), access: access === undefined ? '' : `:${access}` };
}

function linksOf(service: Service, containersOf: Parameters<typeof resolveReferences>[1]): readonly string[] {
  const own = (service.links ?? []).flatMap((link) => {
    const [name = '', alias = name] = link.split(':');
    return containersOf(name).flatMap(({ name: container, number }) => [
      `${container}:${alias}`,
      `${container}:${name}${container.endsWith(`${name}_${number}`) ? '_' : '-'}${number}`,
      `${container}:${container}`,
    ]);
  });
  const external = (service.external_links ?? []).map((link) => {
    const [name = '', alias = name] = link.split(':');
    return `${name}:${alias}`;
  });
  return [...own, ...external];
}

function nameBeforeColon(text: string): string {
  const [name = ''] = text.split(':');
  return name;
}
