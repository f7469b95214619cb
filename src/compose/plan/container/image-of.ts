import type { Project, Service } from '../../model/index.ts';

/** The name of the image that a service runs. One that is built has a name of its own. */
export function imageOf({ name, separator = '-' }: Pick<Project, 'name' | 'separator'>, service: Service): string {
  return service.image ?? `${name}${separator}${service.name ?? ''}`;
}
