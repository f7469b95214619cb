import { byBytes } from '../go/by-bytes.ts';
import type { Project, Service } from '../model/index.ts';
import { type Output, OutputMap } from '../model/output.ts';
import { imageOf } from '../plan/index.ts';
import {
  type BuildChoices,
  buildLabels,
  builtService,
  contextServices,
  dockerfileOf,
  entitlementsOf,
  serviceOfContext,
  ulimitsOf,
} from './build-arguments.ts';

/**
 * The builds of services, and of those that are their contexts, as a file for `docker buildx bake`: what `docker compose build --print` shows.
 * @throws EngineError invalid
 */
export function bakeFile(project: Project, services: readonly string[], choices: BuildChoices): Output {
  const names = withContexts(project, services);
  const targets = names.map((name) => [name, target(project, builtService(project, name) ?? {}, choices)] as const);
  return new OutputMap([
    ['group', new OutputMap([['default', new OutputMap([['targets', names]])]])],
    ['target', new OutputMap(targets)],
  ]);
}

/** In the order of their names, as Go prints a map. */
function withContexts(project: Project, services: readonly string[]): readonly string[] {
  const all = new Set<string>();
  const add = (name: string): void => {
    const service = builtService(project, name);
    if (all.has(name) || service?.build === undefined) return;
    all.add(name);
    for (const each of contextServices(service)) add(each);
  };
  for (const name of services) add(name);
  return [...all].sort(byBytes);
}

function target(project: Project, service: Service, choices: BuildChoices): Output {
  const { checks } = choices;
  const { build = {}, image } = service;
  const context = build.context ?? project.workingDir;
  const isInline = build.dockerfile_inline !== undefined;
  return sparse([
    ['context', context],
    ['contexts', contextsOf(service)],
    ['dockerfile', isInline ? undefined : dockerfileOf(context, build.dockerfile ?? 'Dockerfile')],
    ['dockerfile-inline', build.dockerfile_inline],
    ['args', argsOf(project, service, choices)],
    ['labels', table(buildLabels(project, service))],
    ['tags', [...(build.tags ?? []), imageOf(project, service)]],
    ['cache-from', build.cache_from],
    ['cache-to', build.cache_to],
    ['target', build.target],
    ['secret', (build.secrets ?? []).map((reference) => secretOf(project, reference))],
    ['ssh', [...(build.ssh ?? []).map(({ id, path }) => `${id}=${path}`), ...agentsOf(choices)]],
    ['platforms', build.platforms],
    ['pull', build.pull === true || choices.isPulling ? true : undefined],
    ['no-cache', build.no_cache === true || choices.noCache ? true : undefined],
    ['network', build.network],
    ['shm-size', build.shm_size === undefined || build.shm_size === 0 ? undefined : String(build.shm_size)],
    ['ulimits', ulimitsOf(build)],
    ['call', checks ? 'lint' : undefined],
    ['entitlements', entitlementsOf(build)],
    ['extra-hosts', table([...(build.extra_hosts ?? [])].map(([host, all]) => [host, all.join(',')]))],
    ['output', checks ? undefined : [outputOf(build.platforms ?? [], choices.pushes && image !== undefined)]],
    ['attest', attestationsOf(build)],
  ]);
}

function outputOf(platforms: readonly string[], pushes: boolean): string {
  if (platforms.length > 1) return `type=image,push=${pushes}`;
  return pushes ? 'type=registry' : 'type=docker';
}

function contextsOf({ build }: Service): Output | undefined {
  return table(
    [...(build?.additional_contexts ?? [])].map(([name, value]) => [
      name,
      serviceOfContext(value) === undefined ? value : `target:${serviceOfContext(value)}`,
    ]),
  );
}

function argsOf(project: Project, { build }: Service, choices: BuildChoices): Output | undefined {
  const args = new Map(build?.args ?? []);
  for (const text of choices.args) {
    const at = text.indexOf('=');
    args.set(at < 0 ? text : text.slice(0, at), at < 0 ? null : text.slice(at + 1));
  }
  const resolved = [...args].flatMap(([name, value]) => {
    const found = value ?? project.environment.get(name);
    return found === undefined ? [] : [[name, found] as const];
  });
  return table(resolved);
}

function secretOf(project: Project, reference: { readonly source?: string; readonly target?: string }): string {
  const { source = '', target: id = source } = reference;
  const secret = project.secrets.get(source);
  return secret?.environment === undefined
    ? `id=${id},type=file,src=${secret?.file ?? ''}`
    : `id=${id},type=env,env=${secret.environment}`;
}

function agentsOf({ ssh }: BuildChoices): readonly string[] {
  return ssh === '' ? [] : [ssh.includes('=') ? ssh : `${ssh}=`];
}

function attestationsOf({ provenance, sbom }: NonNullable<Service['build']>): readonly string[] {
  const attestation = (type: string, value: string | undefined): readonly string[] => {
    if (value === undefined || value === '') return [];
    if (value === 'true') return [`type=${type}`];
    return value === 'false' ? [`type=${type},disabled=true`] : [`type=${type},${value}`];
  };
  return [...attestation('provenance', provenance), ...attestation('sbom', sbom)];
}

function table(entries: readonly (readonly [string, string])[]): Output | undefined {
  return entries.length === 0 ? undefined : new OutputMap(entries.toSorted(([a], [b]) => byBytes(a, b)));
}

/** A mapping without what is not there. */
function sparse(entries: readonly (readonly [string, Output | readonly string[] | undefined])[]): Output {
  const isThere = (value: Output | readonly string[] | undefined): value is Output =>
    value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
  return new OutputMap(entries.flatMap(([key, value]) => (isThere(value) ? [[key, value] as const] : [])));
}
