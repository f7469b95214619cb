import type { CreateContainerBody, HealthConfig } from '../../../spec/index.ts';
import type { HealthCheck, Project, Service } from '../../model/index.ts';
import { containerLabels } from './container-labels.ts';
import { endpointsOf, networkModeOf } from './endpoints.ts';
import { imageOf } from './image-of.ts';
import { mountsOf } from './mounts.ts';
import { namespacesOf } from './namespaces.ts';
import type { NewContainer } from './new-container.ts';
import { exposedPorts, portBindings } from './ports.ts';
import { resourcesOf } from './resources.ts';
import { restartPolicy } from './restart-policy.ts';
import { securityOf } from './security.ts';
import { recordOf, withoutUndefined } from './sparse.ts';

/** Options of the engine's request, from a service. The engine's defaults stay with the engine: they are not sent. */
export function containerBody(project: Project, made: NewContainer): CreateContainerBody {
  const { service, oneOff } = made;
  const endpoints = endpointsOf(project, made);
  return withoutUndefined({
    Hostname: service.hostname,
    Domainname: service.domainname,
    User: service.user,
    AttachStdin: oneOff?.hasInput ?? false,
    AttachStdout: true,
    AttachStderr: true,
    ExposedPorts: exposedPorts(service),
    Tty: oneOff?.hasTerminal ?? service.tty,
    OpenStdin: oneOff?.hasInput ?? service.stdin_open,
    StdinOnce: oneOff?.hasInput,
    Env: environmentOf(service),
    Cmd: service.command,
    Entrypoint: service.entrypoint,
    Healthcheck: healthConfig(service.healthcheck),
    Image: imageOf(project, service),
    WorkingDir: service.working_dir,
    Labels: containerLabels(project, made),
    StopSignal: service.stop_signal,
    StopTimeout: service.stop_grace_period === undefined ? undefined : stopSeconds(service.stop_grace_period),
    HostConfig: hostConfig(project, made),
    NetworkingConfig: endpoints === undefined ? undefined : { EndpointsConfig: endpoints },
  });
}

/** Whole seconds, as Compose: 1.5 s are 1. */
export function stopSeconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000_000n);
}

function hostConfig(project: Project, made: NewContainer): CreateContainerBody['HostConfig'] {
  const { service } = made;
  const { binds, mounts, tmpfs } = mountsOf(project, made);
  return withoutUndefined({
    ...namespacesOf(service, made.references),
    ...resourcesOf(service),
    Binds: binds,
    Mounts: mounts,
    Tmpfs: tmpfs,
    LogConfig: service.logging && {
      Type: service.logging.driver ?? '',
      Config: recordOf(service.logging.options) ?? null,
    },
    NetworkMode: networkModeOf(project, made),
    AutoRemove: made.oneOff?.isRemoved,
    PortBindings: portBindings(service),
    RestartPolicy: made.oneOff === undefined ? restartPolicy(service) : undefined,
    VolumesFrom: made.references.volumesFrom,
    Annotations: recordOf(service.annotations),
    CapAdd: capabilities(service.cap_add),
    CapDrop: capabilities(service.cap_drop),
    Dns: service.dns,
    DnsOptions: service.dns_opt,
    DnsSearch: service.dns_search,
    ExtraHosts: extraHosts(service),
    GroupAdd: service.group_add,
    Links: made.references.links,
    OomScoreAdj: service.oom_score_adj,
    Privileged: service.privileged,
    ReadonlyRootfs: service.read_only,
    ...securityOf(made),
    StorageOpt: recordOf(service.storage_opt),
    ShmSize: service.shm_size,
    Sysctls: recordOf(service.sysctls),
    Runtime: service.runtime,
    Isolation: service.isolation,
    Init: service.init,
  });
}

/** Docker's command line sends capabilities so: sorted, each once, the name in capitals, with its prefix. */
function capabilities(names: readonly string[] | undefined): readonly string[] | undefined {
  const full = names?.map((name) => {
    const upper = name.toUpperCase();
    return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  });
  return full && [...new Set(full)].sort();
}

function extraHosts(service: Service): readonly string[] {
  return [...(service.extra_hosts ?? [])].flatMap(([host, addresses]) =>
    addresses.map((address) => `${host}:${address}`),
  );
}

/** A variable without a value that the project does not have either removes the one of the image. */
function environmentOf({ environment }: Service): readonly string[] | undefined {
  const own = [...(environment ?? [])].map(([name, value]) => (value === null ? name : `${name}=${value}`));
  return own.length === 0 ? undefined : own;
}

function healthConfig(check: HealthCheck | undefined): HealthConfig | undefined {
  if (check === undefined) return undefined;
  if (check.disable === true) return { Test: ['NONE'] };
  const nanoseconds = (value: bigint | undefined): number | undefined =>
    value === undefined ? undefined : Number(value);
  return withoutUndefined({
    Test: check.test,
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    Retries: check.retries,
    StartPeriod: nanoseconds(check.start_period),
    StartInterval: nanoseconds(check.start_interval),
  });
}
