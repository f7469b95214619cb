import { existsSync } from 'node:fs';
import type { FileLocation } from '../../store/index.ts';
import { containerPaths } from '../model/paths.ts';
import type { ContainerRecord, MountRecord } from '../model/record.ts';
import { useView } from '../relations/image-mounts.ts';
import { networkOwner } from '../relations/join-namespaces.ts';
import type { World } from '../world.ts';

type PlaceDeps = Pick<World, 'table' | 'volumes' | 'snapshots' | 'pinnedPaths' | 'dataRoot'>;
type PlaceMount = FileLocation['mounts'][number];

let holders = 0;

/**
 * Locates a path of a container, running or not, with its volumes, images, bind mounts and files of /etc in place.
 * Volumes stay mounted on the host until `held` is disposed. As with Docker, files that exist only in memory (tmpfs)
 * are absent.
 */
export async function locateFile(
  deps: PlaceDeps,
  record: ContainerRecord,
  path: string,
  held: AsyncDisposableStack,
): Promise<FileLocation> {
  const mounts: PlaceMount[] = [];
  for (const mount of record.mounts) {
    if (mount.Type === 'tmpfs') continue;
    const source = await sourceOf(deps, record, mount, held);
    const recursive = mount.nonRecursive !== true;
    mounts.push({ source, destination: mount.Destination, readOnly: !mount.RW, recursive });
  }
  const readOnlyRoot = record.hostConfig.ReadonlyRootfs === true;
  return { id: record.id, path, mounts: [...networkFiles(deps, record), ...mounts], readOnlyRoot };
}

async function sourceOf(
  deps: PlaceDeps,
  record: ContainerRecord,
  mount: MountRecord,
  held: AsyncDisposableStack,
): Promise<string> {
  if (mount.Type === 'volume') return volumeSource(deps, record, mount, held);
  if (mount.image === undefined) return mount.Source;
  const view = await useView(deps, record.id, mount.image, held);
  return mount.subpath === undefined ? view : held.use(deps.pinnedPaths.pin(view, mount.subpath, record.id)).path;
}

/** Mounts the volume under a reference of its own, so that neither a start nor an exit of the container affects it. */
async function volumeSource(
  { volumes, pinnedPaths }: PlaceDeps,
  record: ContainerRecord,
  mount: MountRecord,
  held: AsyncDisposableStack,
): Promise<string> {
  const { Name: name = '', subpath } = mount;
  holders += 1;
  const holder = `${record.id} files ${holders}`;
  const folder = await volumes.mountPath(name, holder);
  held.defer(() => volumes.unmount(name, holder));
  return subpath === undefined ? folder : held.use(pinnedPaths.pin(folder, subpath, record.id)).path;
}

/** Each start writes these files: a container that never ran has none. */
function networkFiles({ table, dataRoot }: PlaceDeps, record: ContainerRecord): readonly PlaceMount[] {
  const owner = networkOwner(table, record)?.id;
  if (owner === undefined) return [];
  const { hostname, hosts, resolvConf } = containerPaths(dataRoot, owner);
  const files: readonly (readonly [string, string])[] = [
    [hostname, '/etc/hostname'],
    [hosts, '/etc/hosts'],
    [resolvConf, '/etc/resolv.conf'],
  ];
  const own = new Set(record.mounts.map(({ Destination }) => Destination));
  return files.flatMap(([source, destination]) =>
    own.has(destination) || !existsSync(source)
      ? []
      : [{ source, destination, readOnly: record.hostConfig.ReadonlyRootfs === true, recursive: false }],
  );
}
