/**
 * Containers: one function per operation of the Engine API. Streams are in `container-streams.ts`, files in
 * `container-files.ts`.
 */
import type {
  ContainerConfig,
  ContainerState,
  CreateContainerBody,
  HostConfig,
  MountPoint,
  Platform,
  PortMap,
  Resources,
  RestartPolicy,
} from '../spec/index.ts';
import { type Engine, pathSegment } from './engine-client.ts';
import { encodeFilters, type Filters } from './filters.ts';

/** An entry of {@link listContainers}. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[] | null;
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Ports: readonly ContainerPort[] | null;
  /** Size in bytes. Only with `size`. */
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly State: string;
  readonly Status: string;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, object>> | null } | null;
  readonly Mounts:
    | readonly {
        readonly Type?: string;
        readonly Name?: string;
        readonly Source?: string;
        readonly Destination?: string;
        readonly Driver?: string;
      }[]
    | null;
  /** Since 1.48, for an image that came with a manifest. */
  readonly ImageManifestDescriptor?: { readonly platform?: Platform };
}

/** A port in a list of containers. It is published when it has a `PublicPort`. */
export interface ContainerPort {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

/** The used fields of an inspected container. */
export interface ContainerDetails {
  readonly Id: string;
  readonly Name: string;
  readonly State: ContainerState;
  readonly Config: ContainerConfig;
  readonly HostConfig: HostConfig;
  readonly NetworkSettings: { readonly Ports: PortMap | null };
  readonly Mounts: readonly MountPoint[];
}

export interface ListContainersOptions {
  /** Whether to list stopped containers too. */
  readonly all?: boolean;
  /** Limits the list to the newest containers, in any state. */
  readonly limit?: number | undefined;
  readonly size?: boolean;
  readonly filters?: Filters;
}

export function listContainers(engine: Engine, options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
  const { all, limit, size, filters } = options;
  const query = { all: all || undefined, limit, size: size || undefined, filters: encodeFilters(filters) };
  return engine.json({ method: 'GET', path: '/containers/json', query });
}

export function inspectContainer(engine: Engine, name: string): Promise<ContainerDetails> {
  return engine.json({ method: 'GET', path: containerPath(name, 'json') });
}

/** Returns the engine's JSON unchanged, with all fields. */
export async function inspectContainerText(
  engine: Engine,
  name: string,
  { size }: { readonly size: boolean },
): Promise<string> {
  const query = size ? { size } : {};
  return (await engine.request({ method: 'GET', path: containerPath(name, 'json'), query })).text();
}

export interface CreatedContainer {
  readonly Id: string;
  readonly Warnings?: readonly string[] | null;
}

export function createContainer(
  engine: Engine,
  body: CreateContainerBody,
  options: { readonly name?: string | undefined; readonly platform?: string | undefined } = {},
): Promise<CreatedContainer> {
  const query = { name: options.name || undefined, platform: options.platform || undefined };
  return engine.json({ method: 'POST', path: '/containers/create', query, json: body });
}

export interface StartOptions {
  readonly checkpoint?: string;
  readonly checkpointDir?: string;
}

/** Returns false for one that runs already. */
export async function startContainer(engine: Engine, name: string, options: StartOptions = {}): Promise<boolean> {
  const query = { checkpoint: options.checkpoint || undefined, 'checkpoint-dir': options.checkpointDir || undefined };
  return await engine.send({ method: 'POST', path: containerPath(name, 'start'), query });
}

export interface StopOptions {
  /** Seconds before the kill. -1 sets no limit. Default: the container's own. */
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: string | undefined;
}

export async function stopContainer(engine: Engine, name: string, options: StopOptions = {}): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'stop'), query: stopQuery(options) });
}

export async function restartContainer(engine: Engine, name: string, options: StopOptions = {}): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'restart'), query: stopQuery(options) });
}

function stopQuery({ timeoutSeconds, signal }: StopOptions) {
  return { t: timeoutSeconds, signal: signal || undefined };
}

/** Sends a signal (`HUP`, `SIGHUP`, `1`); the engine's default is SIGKILL. */
export async function killContainer(engine: Engine, name: string, signal = ''): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'kill'), query: { signal: signal || undefined } });
}

export async function pauseContainer(engine: Engine, name: string): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'pause') });
}

export async function unpauseContainer(engine: Engine, name: string): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'unpause') });
}

export async function renameContainer(engine: Engine, name: string, newName: string): Promise<void> {
  await engine.send({ method: 'POST', path: containerPath(name, 'rename'), query: { name: newName } });
}

/** The settings that an update may change. */
export type ContainerUpdate = Resources & { readonly RestartPolicy?: RestartPolicy };

/** Returns the engine's warnings. */
export async function updateContainer(
  engine: Engine,
  name: string,
  update: ContainerUpdate,
): Promise<readonly string[]> {
  const path = containerPath(name, 'update');
  const answer = await engine.json<{ Warnings?: string[] | null }>({ method: 'POST', path, json: update });
  return answer.Warnings ?? [];
}

export interface RemoveContainerOptions {
  /** Whether to kill a running container first. */
  readonly force?: boolean;
  /** Whether to remove the link of this name instead of the container. */
  readonly link?: boolean;
  /** Whether to remove its anonymous volumes too. */
  readonly volumes?: boolean;
}

export async function removeContainer(
  engine: Engine,
  name: string,
  { force, link, volumes }: RemoveContainerOptions = {},
): Promise<void> {
  const query = { v: volumes || undefined, link: link || undefined, force: force || undefined };
  await engine.send({ method: 'DELETE', path: containerPath(name), query });
}

export interface PrunedContainers {
  readonly ContainersDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

export function pruneContainers(engine: Engine, filters?: Filters): Promise<PrunedContainers> {
  return engine.json({ method: 'POST', path: '/containers/prune', query: { filters: encodeFilters(filters) } });
}

/** A path that the container changed (0), added (1) or deleted (2). */
export interface FilesystemChange {
  readonly Path: string;
  readonly Kind: number;
}

export async function containerChanges(engine: Engine, name: string): Promise<readonly FilesystemChange[]> {
  return (await engine.json({ method: 'GET', path: containerPath(name, 'changes') })) ?? [];
}

export interface ProcessTable {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}

/** `psOptions` are options of ps(1). */
export function containerProcesses(engine: Engine, name: string, psOptions = ''): Promise<ProcessTable> {
  const query = { ps_args: psOptions || undefined };
  return engine.json({ method: 'GET', path: containerPath(name, 'top'), query });
}

export interface CommitOptions {
  /** Without a repository the image gets no name. */
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly comment?: string;
  readonly author?: string;
  /** Instructions of a Dockerfile. */
  readonly changes?: readonly string[];
  /** False keeps the container running during the commit. */
  readonly pause?: boolean;
}

/** Returns the id of the new image. */
export async function commitContainer(engine: Engine, container: string, options: CommitOptions = {}): Promise<string> {
  const { repository, tag, comment, author, changes = [], pause = true } = options;
  const query = {
    container,
    repo: repository,
    tag,
    comment: comment || undefined,
    author: author || undefined,
    changes,
    pause: pause ? undefined : '0',
  };
  return (await engine.json<{ Id: string }>({ method: 'POST', path: '/commit', query })).Id;
}

/** `/containers/NAME/VERB` */
export function containerPath(name: string, verb?: string): string {
  return `/containers/${pathSegment(name)}${verb === undefined ? '' : `/${verb}`}`;
}
