import type { Service } from '../model/index.ts';
import type { RunningContainer, RunningImage } from '../running/index.ts';

/**
 * Names of the anonymous volumes of a container, by their targets: those that the service or its image still has. Volumes of the
 * project are mounted by their names anyway, and volumes of other containers (`volumes_from`) come from those.
 */
export function inheritedVolumes(
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
