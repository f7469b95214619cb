import type { Network, Project, Service, Volume } from '../../model/index.ts';
import { LABEL, type Running, type RunningContainer } from '../../running/index.ts';
import type { Hashes } from '../plan-up.ts';

/** A project `app` of these services, with the networks and volumes that are given. */
export function projectOf(
  services: Readonly<Record<string, Service>>,
  more: {
    readonly networks?: Readonly<Record<string, Network>>;
    readonly volumes?: Readonly<Record<string, Volume>>;
  } = {},
): Project {
  return {
    name: 'app',
    workingDir: '/app',
    files: ['/app/compose.yaml'],
    services: new Map(
      Object.entries(services).map(([name, service]) => [name, { image: 'busybox', ...service, name }]),
    ),
    disabledServices: new Map(),
    networks: new Map(Object.entries(more.networks ?? {})),
    volumes: new Map(Object.entries(more.volumes ?? {})),
    secrets: new Map(),
    configs: new Map(),
    models: new Map(),
    extensions: new Map(),
    environment: new Map(),
    profiles: [],
  };
}

/** Hashes that show what they are of. */
export const plainHashes: Hashes = {
  service: ({ name: _n, depends_on: _d, scale: _s, ...rest }) => JSON.stringify(rest),
  network: (network) => `network ${network.driver ?? ''}`,
  volume: (volume) => `volume ${volume.driver ?? ''}`,
  keys: () => '',
  changedKeys: () => undefined,
};

export function nothingRuns(): Running {
  return { containers: [], networks: [], volumes: new Map(), images: new Map() };
}

/** A container of the project `app` as its service wants it. */
export function runningContainer(
  service: Service,
  number: number,
  more: Partial<RunningContainer> = {},
): RunningContainer {
  const name = service.name ?? '';
  return {
    id: `${name}${number}`.padEnd(64, '0'),
    name: `app-${name}-${number}`,
    service: name,
    number,
    isOneOff: false,
    state: 'running',
    created: 0,
    image: service.image ?? '',
    labels: { [LABEL.configHash]: plainHashes.service(service) },
    networkIds: [],
    mounts: [],
    ...more,
  };
}
