import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEngine } from './engine.ts';
import { eventually } from './fixture.ts';

type Fields = Readonly<Record<string, unknown>>;
interface Inspected extends Fields {
  readonly Id: string;
  readonly Name: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly Config: Fields & { readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: Fields;
  readonly Mounts: readonly Fields[];
  readonly NetworkSettings: { readonly Ports: unknown; readonly Networks: Readonly<Record<string, Fields>> };
}

const PROJECT = 'com.docker.compose.project';
/** Labels in which the tools differ on purpose. */
const OWN_LABELS = new Set([
  'com.docker.compose.version',
  'com.docker.compose.project.config_files',
  'gantry.compose.keys',
]);
/** Fields that are new with each container or network, and addresses that the engine chooses. */
const CHANGING = new Set([
  ...['Created', 'CreatedAt', 'EndpointID', 'SandboxID', 'IPAddress', 'GlobalIPv6Address', 'MacAddress', 'DNSNames'],
  ...['Containers', 'Mountpoint', 'Status'],
]);

export interface StatePlace {
  /** A folder that the containers write to. */
  readonly out: string;
  /** Names of the volumes that were there before the project. */
  readonly before: ReadonlySet<string>;
}

/**
 * What an engine has of a project, in words that do not depend on the run: names in place of ids, and no times. Waits until jobs have
 * ended and the health of containers is known. A job is a container that does not sleep.
 */
export async function projectState(
  engine: TestEngine,
  project: string,
  { out, before }: StatePlace,
): Promise<Readonly<Record<string, unknown>>> {
  const get = async (path: string): Promise<never> => JSON.parse((await engine.api('GET', path)).body) as never;
  const filters = encodeURIComponent(JSON.stringify({ label: [`${PROJECT}=${project}`] }));
  const inspectAll = async (): Promise<readonly Inspected[]> => {
    const listed: readonly { readonly Id: string }[] = await get(`/containers/json?all=1&filters=${filters}`);
    return await Promise.all(listed.map(({ Id }) => get(`/containers/${Id}/json`)));
  };
  const containers = await eventually(async () => {
    const found = await inspectAll();
    const open = found.filter((each) => !isSettled(each)).map(({ Name }) => Name);
    if (open.length > 0) throw new Error(`${open.join(' ')}: neither ended nor healthy`);
    return found;
  });
  const networks: readonly (Fields & { readonly Id: string; readonly Name: string })[] = await get(
    `/networks?filters=${filters}`,
  );
  const volumes: { readonly Volumes: readonly (Fields & { readonly Name: string })[] | null } = await get('/volumes');
  const everyNetwork: typeof networks = await get('/networks');
  const names = new Map<string, string>([
    ...containers.map(({ Id, Name }) => [Id, Name] as const),
    ...everyNetwork.map(({ Id, Name }) => [Id, `network ${Name}`] as const),
  ]);
  const neutral = (value: unknown): unknown => withNames(value, names);
  return {
    containers: Object.fromEntries(
      containers
        .map((each) => [each.Name, inOrder(neutral(containerState(each)) as Fields)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    networks: neutral(networks.toSorted((a, b) => (a.Name < b.Name ? -1 : 1)).map(({ Id: _, ...rest }) => rest)),
    volumes: sorted((volumes.Volumes ?? []).filter(({ Name }) => !before.has(Name)).map(neutral)),
    files: Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(join(out, file), 'utf8')])),
  };
}

function isSettled({ State, Path, Args }: Inspected): boolean {
  if (State.Health?.Status === 'starting') return State.Status !== 'running';
  const isShell = Path === 'sh' && Args.length === 0;
  const isJob = !isShell && ![Path, ...Args].join(' ').includes('sleep');
  return State.Status !== 'running' || !isJob;
}

function containerState(container: Inspected): unknown {
  const { Id, Path, Args, State, Config, HostConfig, Mounts, NetworkSettings } = container;
  const hasPartner = JSON.stringify(HostConfig).includes('container:') || (HostConfig['VolumesFrom'] ?? null) !== null;
  const labels = Object.entries(Config.Labels).map(
    // It is computed of the ids of other containers.
    ([key, value]) => [key, hasPartner && key.endsWith('config-hash') ? 'of ids' : value] as const,
  );
  return {
    ...{ Path, Args, state: State.Status, exitCode: State.ExitCode, health: State.Health?.Status },
    Config: {
      ...Config,
      Hostname: Config['Hostname'] === Id.slice(0, 12) ? 'of its id' : Config['Hostname'],
      Labels: Object.fromEntries(labels),
    },
    HostConfig,
    Mounts,
    Ports: NetworkSettings.Ports,
    Networks: NetworkSettings.Networks,
  };
}

/** Sorts what docker compose writes in the random order of Go's maps. */
function inOrder(state: Fields): Fields {
  const sort = (value: unknown): unknown => (Array.isArray(value) ? sorted(value) : value);
  const { Config, HostConfig, Mounts, ...rest } = state as {
    readonly [Key in 'Config' | 'HostConfig']: Fields;
  } & Fields;
  const dependencies = 'com.docker.compose.depends_on';
  const labels = Config['Labels'] as Readonly<Record<string, string>>;
  const needed = labels[dependencies]?.split(',').sort().join(',');
  return {
    ...rest,
    Mounts: sort(Mounts),
    Config: { ...Config, Env: sort(Config['Env']), Labels: { ...labels, [dependencies]: needed } },
    HostConfig: Object.fromEntries(
      Object.entries(HostConfig).map(([key, value]) => [key, UNORDERED.has(key) ? sort(value) : value]),
    ),
  };
}

const UNORDERED = new Set(['Binds', 'ExtraHosts', 'Mounts', 'Ulimits']);

function sorted(values: readonly unknown[]): readonly unknown[] {
  const texts = values.map((value) => JSON.stringify(value));
  return texts.sort().map((text) => JSON.parse(text) as unknown);
}

/** Sorts keys, replaces ids by names, and drops what changes with each run. */
function withNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') {
    return value
      .replace(/[0-9a-f]{64}/g, (id) => names.get(id) ?? 'anonymous')
      .replace(/^[0-9a-f]{12}$/, (id) => [...names].find(([each]) => each.startsWith(id))?.[1] ?? id);
  }
  if (Array.isArray(value)) return value.map((each) => withNames(each, names));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([key]) => !CHANGING.has(key) && !OWN_LABELS.has(key));
  return Object.fromEntries(
    entries
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [
        key,
        isChosen(key, each) ? 'chosen by the engine' : isHash(key) ? each : withNames(each, names),
      ]),
  );
}

/** It has the form of an id. */
function isHash(key: string): boolean {
  return key === 'com.docker.compose.config-hash';
}

/** Ports and subnets that no project names: projects of these tests have ports below 32768, and subnets in 10.84.0.0/16 and fd84::/16. */
function isChosen(key: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (key === 'HostPort') return Number(value) >= 32768;
  const isAddress = key === 'Gateway' || key === 'Subnet' || key === 'IPv6Gateway';
  return isAddress && value !== '' && !value.startsWith('10.84.') && !value.startsWith('fd84:');
}
