import { ModelError } from '../../model/kind.ts';
import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';

/** Checks how a service is built. @throws ModelError */
export function checkBuild(project: Project, service: Service, path: readonly string[]): void {
  const { build, platform = '' } = service;
  if (build === undefined) return;
  const shown = JSON.stringify(service.name);
  const at = [...path, 'build'];
  if (build.dockerfile_inline && build.dockerfile)
    throw new ModelError(
      at,
      `service ${shown} declares mutualy exclusive dockerfile and dockerfile_inline: invalid compose project`,
    );
  for (const [context, source] of build.additional_contexts ?? []) {
    if (!source.startsWith('service:')) continue;
    const name = source.slice('service:'.length);
    const where = [...at, 'additional_contexts', context];
    const other = project.services.get(name);
    const fault = other === undefined ? 'unknown' : other.build === undefined ? 'non-buildable' : undefined;
    if (fault !== undefined)
      throw new ModelError(
        where,
        `service ${shown} declares ${fault} service ${JSON.stringify(name)} as additional contexts ${context}`,
      );
  }
  const platforms = build.platforms ?? [];
  if (platforms.length > 0 && platform !== '' && !platforms.includes(platform))
    throw new ModelError(
      [...at, 'platforms'],
      `service.build.platforms MUST include service.platform ${JSON.stringify(platform)}: invalid compose project`,
    );
}
