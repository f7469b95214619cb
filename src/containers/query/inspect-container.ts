import type { MountPoint } from '../../spec/index.ts';
import type { ContainerInspect } from '../model/inspection.ts';
import { type ContainerPaths, containerPaths, logPathOf } from '../model/paths.ts';
import type { ContainerRecord } from '../model/record.ts';
import { wireState } from '../model/state.ts';
import { joinedContainer, networkOwner, networkSource } from '../relations/join-namespaces.ts';
import { linksOf } from '../relations/links.ts';
import type { World } from '../world.ts';
import { networkSettings } from './network-settings.ts';

/** @throws EngineError notFound */
export async function inspectContainer(
  world: Pick<World, 'table' | 'snapshots' | 'dataRoot' | 'logDelivery'>,
  ref: string,
  options: { readonly size: boolean },
): Promise<ContainerInspect> {
  const entry = world.table.resolve(ref);
  const { record } = entry;
  const files = etcFiles(world, record);
  const sizes = options.size ? await sizesOf(world, record) : {};
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: record.path,
    Args: record.args,
    State: wireState(record),
    Image: record.imageId,
    ResolvConfPath: files?.resolvConf ?? '',
    HostnamePath: files?.hostname ?? '',
    HostsPath: files?.hosts ?? '',
    LogPath: record.hasStarted ? logPathOf(world.dataRoot, record.id, record.hostConfig.LogConfig) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: world.snapshots.driver,
    Platform: record.platform.os,
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: entry.execIds.size === 0 ? null : [...entry.execIds],
    HostConfig: shownHostConfig(world.table, record),
    GraphDriver: { Name: world.snapshots.driver, Data: world.snapshots.writableFolders(record.id) },
    ...sizes,
    Mounts: mountPoints(record),
    Config: record.config,
    NetworkSettings: networkSettings(record),
    ...deliveryOf(world, record),
    ...(record.imageManifest === undefined ? {} : { ImageManifestDescriptor: record.imageManifest }),
  };
}

/** Beyond Docker: how the delivery to the receiver of the log stands. */
function deliveryOf(world: Pick<World, 'logDelivery'>, record: ContainerRecord): Pick<ContainerInspect, 'LogDelivery'> {
  const state = world.logDelivery.state(record);
  if (state === undefined) return {};
  return { LogDelivery: { Error: state.error, Dropped: state.dropped, UnsentBytes: state.unsentBytes } };
}

/** Replaces links by the full names of both ends: `/db:/web/db`. */
function shownHostConfig(table: World['table'], record: ContainerRecord): ContainerRecord['hostConfig'] {
  const { hostConfig } = record;
  const source = networkSource(record);
  if ((hostConfig.Links ?? []).length === 0 || source.kind !== 'sandbox' || source.mode !== 'bridge') return hostConfig;
  try {
    const links = linksOf(table, record).map(({ alias, targetName }) => `/${targetName}:/${record.name}/${alias}`);
    return { ...hostConfig, Links: links.length === 0 ? null : links };
  } catch {
    return hostConfig; // The record is of an earlier release, and the target has been removed.
  }
}

/** The mounts as inspect and list show them, without the fields that are needed to perform them. */
export function mountPoints({ mounts, hostConfig }: ContainerRecord): readonly MountPoint[] {
  // `HostConfig.Tmpfs` shows the mounts that `--tmpfs` asked for, `Mounts` does not.
  const shown = mounts.filter(
    ({ Type, Destination }) => Type !== 'tmpfs' || hostConfig.Tmpfs?.[Destination] === undefined,
  );
  return shown.map((mount) => ({
    Type: mount.Type,
    ...(mount.Name === undefined ? {} : { Name: mount.Name }),
    Source: mount.Source,
    Destination: mount.Destination,
    ...(mount.Driver === undefined ? {} : { Driver: mount.Driver }),
    Mode: mount.Mode,
    RW: mount.RW,
    Propagation: mount.Propagation,
  }));
}

/** Bytes of the writable layer, and of it together with the image's layers. */
export async function sizesOf(
  world: Pick<World, 'snapshots'>,
  record: ContainerRecord,
): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
  const writable = await world.snapshots.writableSize(record.id);
  const chain = new Set<string>(world.snapshots.chain(record.diffIds));
  let image = 0;
  for (const layer of world.snapshots.layers()) if (chain.has(layer.key)) image += layer.sizeBytes;
  return { SizeRw: writable, SizeRootFs: writable + image };
}

/** The files exist from the first start on. A container that joins another's network shows the other's files. */
function etcFiles(world: Pick<World, 'table' | 'dataRoot'>, record: ContainerRecord): ContainerPaths | undefined {
  if (!record.hasStarted) return undefined;
  const joined = joinedContainer(record.hostConfig.NetworkMode);
  return containerPaths(world.dataRoot, networkOwner(world.table, record)?.id ?? joined ?? record.id);
}
