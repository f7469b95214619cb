import { ModelError } from '../../model/kind.ts';
import type { Project } from '../../model/project.ts';
import type { Service } from '../../model/service.ts';
import { checkBuild } from './check-build.ts';
import { checkDependencies } from './check-cycles.ts';
import { checkLimits, checkMounts } from './check-limits.ts';

type Path = readonly string[];

/** Checks the parts of a project against each other. @throws ModelError */
export function checkConsistency(project: Project): void {
  for (const [name, service] of project.services) checkService(project, { ...service, name }, ['services', name]);
  for (const [name, secret] of project.secrets)
    if (secret.external !== true && !secret.file && !secret.environment)
      throw new ModelError(
        ['secrets', name],
        `secret ${JSON.stringify(name)} must declare either \`file\` or \`environment\`: invalid compose project`,
      );
  checkDependencies(project);
}

function checkService(project: Project, service: Service & { readonly name: string }, path: Path): void {
  const shown = JSON.stringify(service.name);
  if (service.build === undefined && !service.image && service.provider === undefined)
    throw new ModelError(
      path,
      `service ${shown} has neither an image nor a build context specified: invalid compose project`,
    );
  checkBuild(project, service, path);
  checkNetworks(project, service, path);
  const [test] = service.healthcheck?.test ?? [];
  if (test !== undefined && !['CMD', 'CMD-SHELL', 'NONE'].includes(test))
    throw new ModelError(
      [...path, 'healthcheck', 'test'],
      'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"',
    );
  checkReferences(project, service, path);
  checkLimits(service, path);
  for (const [index, watch] of (service.develop?.watch ?? []).entries())
    if (!watch.target && watch.action !== 'rebuild' && watch.action !== 'restart')
      throw new ModelError(
        [...path, 'develop', 'watch', String(index)],
        'target is required for non-rebuild actions: invalid compose project',
      );
  checkMounts(service, path);
}

function checkNetworks(project: Project, service: Service & { readonly name: string }, path: Path): void {
  const mode = service.network_mode ?? '';
  if (mode !== '' && (service.networks?.size ?? 0) > 0)
    throw new ModelError(
      [...path, 'network_mode'],
      `service ${service.name} declares mutually exclusive \`network_mode\` and \`networks\`: invalid compose project`,
    );
  for (const network of service.networks?.keys() ?? [])
    if (!project.networks.has(network))
      throw new ModelError(
        [...path, 'networks', network],
        `service ${JSON.stringify(service.name)} refers to undefined network ${network}: invalid compose project`,
      );
  const other = mode.startsWith('service:') ? mode.slice('service:'.length) : undefined;
  if (other !== undefined && !project.services.has(other))
    throw new ModelError(
      [...path, 'network_mode'],
      `service ${JSON.stringify(other)} not found for network_mode 'service:${other}'`,
    );
}

function checkReferences(project: Project, service: Service & { readonly name: string }, path: Path): void {
  const refuse = (keys: Path, what: string): never => {
    throw new ModelError(
      [...path, ...keys],
      `service ${JSON.stringify(service.name)} ${what}: invalid compose project`,
    );
  };
  for (const [name, dependency] of service.depends_on ?? []) {
    const isDisabled = project.disabledServices.has(name) && dependency?.required === false;
    if (!project.services.has(name) && !isDisabled)
      refuse(['depends_on', name], `depends on undefined service ${JSON.stringify(name)}`);
  }
  for (const [index, { type, source }] of (service.volumes ?? []).entries())
    if (type === 'volume' && source !== undefined && source !== '' && !project.volumes.has(source))
      refuse(['volumes', String(index)], `refers to undefined volume ${source}`);
  for (const [index, { source = '' }] of (service.build?.secrets ?? []).entries())
    if (!project.secrets.has(source))
      refuse(['build', 'secrets', String(index)], `refers to undefined build secret ${source}`);
  for (const [index, { source = '' }] of (service.configs ?? []).entries())
    if (!project.configs.has(source)) refuse(['configs', String(index)], `refers to undefined config ${source}`);
  for (const name of service.models?.keys() ?? [])
    if (!project.models.has(name)) refuse(['models', name], `refers to undefined model ${name}`);
  for (const [index, { source = '' }] of (service.secrets ?? []).entries())
    if (!project.secrets.has(source)) refuse(['secrets', String(index)], `refers to undefined secret ${source}`);
}

/** @throws EngineError when two services have the same container name */
export function checkContainerNames(project: Project): void {
  const names = new Map<string, string>();
  for (const [name, { container_name: container }] of project.services) {
    if (!container) continue;
    const other = names.get(container);
    if (other !== undefined)
      throw new ModelError(
        ['services', name, 'container_name'],
        `container name ${JSON.stringify(container)} is already in use by service ${other}`,
      );
    names.set(container, name);
  }
}
