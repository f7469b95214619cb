import { isAbsolute, join } from 'node:path';
import { invalid } from '../../base/errors.ts';
import type { FileReference, Project, Service } from '../model/index.ts';
import { imageOf } from '../plan/index.ts';
import { COMPOSE_VERSION, LABEL } from '../running/index.ts';

/** A build in the words of `docker build`. */
export interface BuildArguments {
  /** Flags and the context, as on the command line. */
  readonly words: readonly string[];
  /** A Dockerfile that is in the Compose file itself: standard input of the build. */
  readonly dockerfile: string | undefined;
}

export interface BuildChoices {
  readonly isPulling: boolean;
  readonly noCache: boolean;
  /** `NAME=VALUE` or `NAME`, in place of those of the service. */
  readonly args: readonly string[];
  readonly pushes: boolean;
  /** '' for none. */
  readonly ssh: string;
  /** In place of those of the services. '' for none. */
  readonly provenance?: string;
  readonly sbom?: string;
  /** Only checks the Dockerfiles. */
  readonly checks?: boolean;
  /** Images of services that are not there, for checks: a stage from one of them is checked as if it were empty. */
  readonly missing?: ReadonlySet<string>;
}

const SERVICE = 'service:';

/** Services whose images a build needs as contexts. */
export function contextServices(service: Service): readonly string[] {
  return [...(service.build?.additional_contexts?.values() ?? [])].flatMap((value) => serviceOfContext(value) ?? []);
}

/** The service whose image is a context. Undefined for other contexts. */
export function serviceOfContext(value: string): string | undefined {
  return value.startsWith(SERVICE) ? value.slice(SERVICE.length) : undefined;
}

/** Says a service's build. @throws EngineError invalid */
export function buildArguments(project: Project, service: Service, choices: BuildChoices): BuildArguments {
  const { build } = service;
  if (build === undefined) throw invalid(`service "${service.name}" has nothing to build`);
  const words: string[] = [];
  const flag = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') words.push(`--${name}=${value}`);
  };
  const flags = (name: string, values: Iterable<string> | undefined): void => {
    for (const value of values ?? []) flag(name, value);
  };
  const context = build.context ?? project.workingDir;
  flags('tag', [imageOf(project, service), ...(build.tags ?? [])]);
  flag('file', build.dockerfile_inline === undefined ? dockerfileOf(context, build.dockerfile) : '-');
  flags('build-arg', pairs(build.args));
  // The last one of a name counts.
  flags('build-arg', choices.args);
  flags('label', pairs(new Map(buildLabels(project, service))));
  flags('cache-from', build.cache_from);
  flags('cache-to', build.cache_to);
  flags(
    'build-context',
    [...(build.additional_contexts ?? [])].map(([name, value]) => `${name}=${contextOf(project, value, choices)}`),
  );
  flags(
    'secret',
    (build.secrets ?? []).map((reference) => secretOf(project, reference)),
  );
  flags('ssh', [...(build.ssh ?? []).map(({ id, path }) => (path === '' ? id : `${id}=${path}`)), choices.ssh]);
  flags(
    'add-host',
    [...(build.extra_hosts ?? [])].flatMap(([host, all]) => all.map((address) => `${host}=${address}`)),
  );
  flags('ulimit', ulimitsOf(build));
  flag('network', build.network);
  flag('target', build.target);
  flag('shm-size', build.shm_size === undefined ? undefined : String(build.shm_size));
  flag('platform', platformsOf(service));
  flags('allow', entitlementsOf(build));
  flag('provenance', choices.provenance || build.provenance);
  flag('sbom', choices.sbom || build.sbom);
  if (choices.checks === true) words.push('--check');
  if (build.pull === true || choices.isPulling) words.push('--pull');
  if (build.no_cache === true || choices.noCache) words.push('--no-cache');
  if (choices.pushes) words.push('--push');
  return { words: [...words, context], dockerfile: build.dockerfile_inline };
}

/** The labels of the service's build, and those by which Compose finds what it has built. */
export function buildLabels(project: Project, { name = '', build }: Service): readonly (readonly [string, string])[] {
  return [
    ...(build?.labels ?? []),
    [LABEL.project, project.name],
    [LABEL.service, name],
    [LABEL.version, COMPOSE_VERSION],
  ];
}

export function ulimitsOf({ ulimits }: NonNullable<Service['build']>): readonly string[] {
  return [...(ulimits ?? [])].flatMap(([name, limit]) => {
    if (limit === null) return [];
    const { single, soft, hard } = limit;
    return [`${name}=${single === 0 ? `${soft}:${hard}` : single}`];
  });
}

export function entitlementsOf({ entitlements, privileged }: NonNullable<Service['build']>): readonly string[] {
  return [...(entitlements ?? []), ...(privileged === true ? ['security.insecure'] : [])];
}

/** A file of the context, by a path within it. Of a remote context the path stays as it is. */
export function dockerfileOf(context: string, dockerfile: string | undefined): string | undefined {
  if (dockerfile === undefined || isAbsolute(dockerfile) || !isAbsolute(context)) return dockerfile;
  return join(context, dockerfile);
}

/** A service that is built, also one that is not brought up: it may be the context of another one. */
export function builtService(project: Project, name: string): Service | undefined {
  return project.services.get(name) ?? project.disabledServices.get(name);
}

function contextOf(project: Project, value: string, { missing }: BuildChoices): string {
  const name = serviceOfContext(value);
  if (name === undefined) return value;
  const service = builtService(project, name);
  if (service === undefined) throw invalid(`additional context "${value}": no such service`);
  const image = imageOf(project, service);
  return `docker-image://${missing?.has(image) === true ? 'scratch' : image}`;
}

function secretOf(project: Project, { source = '', target = source }: FileReference): string {
  const secret = project.secrets.get(source);
  if (secret?.environment !== undefined) return `id=${target},env=${secret.environment}`;
  if (secret?.file !== undefined) return `id=${target},src=${secret.file}`;
  throw invalid(`build secret "${source}" has neither a file nor a variable`);
}

/** The platform that the service runs on, or all that are built. */
function platformsOf({ build, platform }: Service): string | undefined {
  const platforms = build?.platforms ?? [];
  if (platform !== undefined && (platforms.length === 0 || platforms.includes(platform))) return platform;
  return platforms.length === 0 ? undefined : platforms.join(',');
}

function pairs(map: ReadonlyMap<string, string | null> | undefined): readonly string[] {
  return [...(map ?? [])].map(([name, value]) => (value === null ? name : `${name}=${value}`));
}
