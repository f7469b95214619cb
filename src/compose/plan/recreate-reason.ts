import type { Project, Service } from '../model/index.ts';
import { LABEL, type Running, type RunningContainer } from '../running/index.ts';
import { imageOf } from './container/image-of.ts';
import { volumeName } from './container/mounts.ts';
import type { RecreateReason, ResourceChange } from './plan.ts';

export type RecreatePolicy = 'diverged' | 'force' | 'never';

export interface Wanted {
  readonly project: Project;
  readonly service: Service;
  /** Of the service with its references resolved. Undefined when a container that it refers to is made anew. */
  readonly hash: string | undefined;
  readonly networks: ReadonlyMap<string, ResourceChange>;
  readonly images: Running['images'];
}

/** Why a container has to be made anew. Undefined when it is what the project wants. The rules are those of Compose. */
export function recreateReason(
  wanted: Wanted,
  container: RunningContainer,
  policy: RecreatePolicy,
): RecreateReason | undefined {
  if (policy === 'never') return undefined;
  if (policy === 'force') return { kind: 'forced' };
  const { project, service, hash, images } = wanted;
  if (hash !== undefined && container.labels[LABEL.configHash] !== hash) return { kind: 'configuration' };
  const image = images.get(imageOf(project, service));
  const usedImage = container.labels[LABEL.image];
  if (image !== undefined && usedImage !== undefined && usedImage !== image.id) return { kind: 'image' };
  return networkReason(wanted, container) ?? volumeReason(wanted, container);
}

function networkReason({ service, networks }: Wanted, container: RunningContainer): RecreateReason | undefined {
  // Engines do not list the networks of a container before its first start.
  if (service.network_mode !== undefined || container.networkIds.length === 0) return undefined;
  for (const key of service.networks?.keys() ?? []) {
    const network = networks.get(key);
    const isConnected = network?.id !== undefined && container.networkIds.includes(network.id);
    if (network?.kind === 'recreate' || !isConnected) return { kind: 'network', name: key };
  }
  return undefined;
}

/** A volume of the project that is mounted under another name. */
function volumeReason({ project, service }: Wanted, container: RunningContainer): RecreateReason | undefined {
  for (const { type, source, target } of service.volumes ?? []) {
    if (type !== 'volume' || source === undefined || source === '') continue;
    const name = volumeName(project, source);
    const mount = container.mounts.find((each) => each.type === 'volume' && each.target === target);
    if (mount?.name !== name) return { kind: 'volume', name: source };
  }
  return undefined;
}
