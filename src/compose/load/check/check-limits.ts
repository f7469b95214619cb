import { ModelError } from '../../model/kind.ts';
import type { Service } from '../../model/service.ts';

type Path = readonly string[];

/** Checks replicas and limits, which the specification has in two places. @throws ModelError */
export function checkLimits(service: Service, path: Path): void {
  const replicas = service.deploy?.replicas;
  if (service.scale !== undefined && replicas !== undefined && service.scale !== replicas)
    throw new ModelError(path, "can't set distinct values on 'scale' and 'deploy.replicas': invalid compose project");
  if ((service.scale ?? 0) < 0) throw new ModelError([...path, 'scale'], 'must be greater than or equal to 0');
  if ((replicas ?? 0) < 0) throw new ModelError([...path, 'deploy', 'replicas'], 'must be greater than or equal to 0');
  const { limits, reservations } = service.deploy?.resources ?? {};
  const pairs = [
    ['cpus', service.cpus, 'deploy.resources.limits.cpus', limits && (limits.cpus ?? 0)],
    ['mem_limit', service.mem_limit, 'deploy.resources.limits.memory', limits && (limits.memory ?? 0)],
    [
      'mem_reservation',
      service.mem_reservation,
      'deploy.resources.reservations.memory',
      reservations && (reservations.memory ?? 0),
    ],
    ['pids_limit', service.pids_limit, 'deploy.resources.limits.pids', limits && (limits.pids ?? 0)],
  ] as const;
  for (const [key, own, other, deployed] of pairs)
    if (own && deployed !== undefined && own !== deployed)
      throw new ModelError(
        [...path, key],
        `can't set distinct values on '${key}' and '${other}': invalid compose project`,
      );
  if ((service.scale ?? replicas ?? 1) > 1 && service.container_name) {
    const key = service.scale === undefined ? 'deploy.replicas' : 'scale';
    throw new ModelError(
      [...path, 'container_name'],
      `can't set container_name and ${key} as container name must be unique: invalid compose project`,
    );
  }
}

/** Checks that nothing is mounted over another mount. @throws ModelError */
export function checkMounts(service: Service, path: Path): void {
  const targets = new Map<string, string>();
  const add = (target: string, at: Path): void => {
    const other = targets.get(target);
    if (other !== undefined) throw new ModelError(at, `target ${target} already mounted as ${other}`);
    targets.set(target, at.join('.'));
  };
  for (const [index, tmpfs] of (service.tmpfs ?? []).entries())
    add(tmpfs.split(':')[0] ?? tmpfs, [...path, 'tmpfs', String(index)]);
  for (const [index, { target = '' }] of (service.volumes ?? []).entries())
    add(target, [...path, 'volumes', String(index)]);
}
