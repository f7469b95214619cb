import { EngineError, errnoOf, invalid } from '../../base/errors.ts';
import { newObjectId } from '../../base/ids.ts';
import { settleAll } from '../../base/settle-all.ts';
import { formatNanos } from '../../base/time.ts';
import { emitContainerEvent } from '../events/container-events.ts';
import { checkName } from '../model/container-name.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerPlan, PlannedMount } from '../model/planner.ts';
import { type ContainerRecord, type MountRecord, NEVER_STARTED } from '../model/record.ts';
import type { CreateContainer } from '../model/requests.ts';
import { storageSize } from '../plan/storage-size.ts';
import { makeViews, rootsOf } from '../relations/image-mounts.ts';
import { networkSource } from '../relations/join-namespaces.ts';
import { resolveLinks } from '../relations/links.ts';
import { makeContainerFolder } from '../start/etc-files.ts';
import type { Entry } from '../tables/entry.ts';
import type { World } from '../world.ts';
import { releaseVolumes } from './remove-container.ts';

export type CreateDeps = Pick<
  World,
  | 'table'
  | 'locks'
  | 'background'
  | 'runtime'
  | 'networks'
  | 'volumes'
  | 'snapshots'
  | 'events'
  | 'logger'
  | 'clock'
  | 'dataRoot'
  | 'roots'
  | 'removeTree'
  | 'planner'
>;

/**
 * A file at the top of the root. Programs look for it to find out that they run in a container of an engine like
 * Docker's.
 */
const MARKER_FILE = '.dockerenv';

export interface Created {
  readonly id: string;
  readonly warnings: readonly string[];
}

/**
 * Makes a container: its name, writable root, folder and volumes. On failure it leaves nothing.
 * @throws EngineError notFound `No such image: x`; invalid; conflict for a name that is taken
 */
export async function createContainer(
  world: CreateDeps,
  request: CreateContainer,
  signal: AbortSignal,
): Promise<Created> {
  const wanted = request.name.startsWith('/') ? request.name.slice(1) : request.name;
  if (wanted !== '') checkName(wanted, request.name);
  world.runtime.expectStart?.();
  const plan = nameNetworks(world, nameVolumes(world.planner.plan(request)));
  checkNetworks(world, plan);
  const links = resolveLinks(world.table, plan);
  if (signal.aborted) throw new EngineError('cancelled', 'the client went away');
  const isTemporary = request.isTemporary === true ? ({ isTemporary: true } as const) : {};
  const record = { ...newRecord(world, plan, wanted === '' ? freeName(world) : wanted), links, ...isTemporary };
  // The name can be resolved from `insert` on: other verbs wait until the container is complete. Nobody holds a new lock.
  const lock = world.locks.acquire(record.id);
  const entry = world.table.insert(record);
  using _lock = await lock;
  await using undo = new AsyncDisposableStack();
  undo.defer(() => undoCreate(world, entry));
  const [mounts] = await settleAll([
    makeVolumes(world, entry.record, plan.mounts),
    world.snapshots.createWritable(entry.id, entry.record.diffIds, {
      emptyFile: MARKER_FILE,
      sizeBytes: storageSize(entry.record.hostConfig),
    }),
    makeFolder(world, entry.id),
    makeViews(world, entry.record),
  ]);
  await makeWorkingFolder(world, entry.record);
  world.table.put(entry, { ...entry.record, mounts, phase: 'ready' });
  undo.move();
  emitContainerEvent(world.events, entry.record, 'create');
  return { id: entry.id, warnings: plan.warnings };
}

/** Gives names to volumes without one before the record is stored, so that restore finds them after a crash. */
function nameVolumes(plan: ContainerPlan): ContainerPlan {
  const mounts = plan.mounts.map((planned): PlannedMount => {
    const { mount, volume } = planned;
    if (volume === undefined || volume.name !== '') return planned;
    const name = newObjectId();
    return { mount: { ...mount, Name: name }, volume: { ...volume, name } };
  });
  return { ...plan, mounts };
}

/** Requests may name a network by its id. A network that does not exist yet keeps what it was called. */
function nameNetworks({ networks }: Pick<World, 'networks'>, plan: ContainerPlan): ContainerPlan {
  const named = Object.entries(plan.networks).map(([ref, asked]) => [nameOf(networks, ref), asked] as const);
  return { ...plan, networks: Object.fromEntries(named) };
}

function nameOf(networks: World['networks'], ref: string): string {
  try {
    return networks.inspect(ref).Name;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'notFound') return ref;
    throw error;
  }
}

/** Refuses ports and endpoints that would fail every start. */
function checkNetworks(world: Pick<World, 'networks'>, plan: ContainerPlan): void {
  const source = networkSource(plan);
  if (source.kind === 'container') return;
  world.networks.check({
    mode: source.kind === 'host' ? 'host' : source.mode,
    endpoints: plan.networks,
    portBindings: plan.hostConfig.PortBindings ?? {},
  });
}

/** A client that names networks, and not that of the mode, does not get the latter. */
function joinsOnlyNamed({ networks }: Pick<World, 'networks'>, plan: ContainerPlan): boolean {
  const source = networkSource(plan);
  if (source.kind !== 'sandbox' || Object.keys(plan.networks).length === 0) return false;
  return !Object.hasOwn(plan.networks, nameOf(networks, source.mode));
}

function newRecord(world: Pick<World, 'clock' | 'networks'>, plan: ContainerPlan, name: string): ContainerRecord {
  const { config } = plan;
  const id = newObjectId();
  return {
    id,
    name,
    createdAt: formatNanos(world.clock.now()),
    phase: 'creating',
    state: NEVER_STARTED,
    ...imageFields(plan),
    platform: plan.platform,
    path: plan.path,
    args: plan.args,
    // Without a hostname of its own, a container has its short id as hostname.
    config: { ...config, Hostname: plan.hostname ?? id.slice(0, 12) },
    hostConfig: plan.hostConfig,
    mounts: plan.mounts.map(({ mount }) => mount),
    networks: plan.networks,
    ...(joinsOnlyNamed(world, plan) ? { leftNetworkOfMode: true as const } : {}),
    hasStarted: false,
    manuallyStopped: false,
    restartCount: 0,
  };
}

function imageFields({
  image,
  platform,
}: ContainerPlan): Pick<ContainerRecord, 'imageId' | 'imageManifest' | 'diffIds'> {
  if (image === undefined) return { imageId: '', diffIds: [] };
  const { id, manifestDescriptor, config } = image;
  return {
    imageId: id,
    imageManifest: { ...manifestDescriptor, platform: manifestDescriptor.platform ?? platform },
    diffIds: config.rootfs.diff_ids,
  };
}

/**
 * Picks a random name. The space of names is large: a few attempts find a free one, then a digit is added (as in
 * dockerd).
 */
function freeName(world: Pick<World, 'table' | 'planner'>): string {
  for (let retry = 0; ; retry += 1) {
    const name = world.planner.randomName(retry);
    if (!world.table.isNameTaken(name)) return name;
  }
}

/** Makes the missing volumes and references all of them. Returns the mounts with their sources. */
async function makeVolumes(
  world: Pick<World, 'volumes'>,
  record: ContainerRecord,
  planned: readonly PlannedMount[],
): Promise<readonly MountRecord[]> {
  const mounts: MountRecord[] = [];
  for (const { mount, volume } of planned) {
    if (volume === undefined) {
      mounts.push(mount);
      continue;
    }
    const made = await withoutNotFound(world.volumes.create(volume));
    world.volumes.reference(made.Name, record.id);
    // dockerd shows `z` as the mode of a volume of its own only.
    const Mode = made.Driver !== 'local' && mount.Mode === 'z' ? '' : mount.Mode;
    mounts.push({ ...mount, Name: made.Name, Source: made.Mountpoint, Driver: made.Driver, Mode });
  }
  return mounts;
}

/** Clients take a `notFound` of a create for the container's image, and pull that. @throws EngineError invalid instead */
async function withoutNotFound<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw error instanceof EngineError && error.kind === 'notFound' ? invalid(error.message, error) : error;
  }
}

async function makeFolder(world: Pick<World, 'dataRoot'>, id: string): Promise<void> {
  makeContainerFolder(containerPaths(world.dataRoot, id));
}

/**
 * Makes the working directory. dockerd does it at create too, so that a path that cannot be a directory is refused
 * early. @throws EngineError invalid
 */
async function makeWorkingFolder(
  world: Pick<World, 'snapshots' | 'roots'>,
  { id, config }: ContainerRecord,
): Promise<void> {
  const { WorkingDir: path = '' } = config;
  if (path === '' || path === '/') return;
  const root = await world.snapshots.mount(id);
  try {
    world.roots.makeDirectory(root, path, { uid: 0, gid: 0 });
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid') {
      throw new EngineError('invalid', `Cannot mkdir: ${path} is not a directory`, { cause: error });
    }
    if (errnoOf(error) === 'ENAMETOOLONG') throw invalid(`Cannot mkdir ${path}: file name too long`, error);
    throw error;
  } finally {
    await world.snapshots.unmount(id);
  }
}

/** No client has seen the container yet. Everything that was made for it alone is removed; named volumes stay. */
async function undoCreate(world: CreateDeps, entry: Entry): Promise<void> {
  await world.background.run('undoing a create', entry.id, async () => {
    await releaseVolumes(world, entry.record, 'made');
    for (const root of rootsOf(entry.record)) await world.snapshots.removeWritable(root);
    await world.removeTree(containerPaths(world.dataRoot, entry.id).folder);
    world.table.drop(entry);
    world.table.forget(entry.id);
  });
}
