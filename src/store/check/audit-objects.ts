import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namesInSync } from '../../io/index.ts';
import { readMountInfo } from '../../linux/index.ts';
import { type Finding, repaired } from '../finding.ts';
import type { Snapshots } from '../snapshots/index.ts';

/** The containers and volumes that the check compares with the disk. The wiring implements it. */
export interface EngineObjects {
  /** Every record, including containers that are being made or removed. */
  containers(): readonly {
    readonly id: string;
    /** Names of the container's writable root, and of the roots through which it sees images. */
    readonly roots: readonly string[];
    /** Whether the container is neither being made nor being removed. */
    readonly isReady: boolean;
    readonly isRunning: boolean;
  }[];
  readonly containersFolder: string;
  /** Names of all records. */
  volumes(): readonly string[];
  readonly volumesFolder: string;
  /** Folder in which writable roots are mounted. */
  readonly mountRoot: string;
  /** Whether a root belongs to work in progress that has no record. */
  isInProgress(root: string): boolean;
}

/** Finds writable roots, mounts and folders that belong to no record, and records without them. */
export function auditObjects(objects: EngineObjects, snapshots: Snapshots): Finding[] {
  return [...auditRoots(objects, snapshots), ...auditMounts(objects, snapshots), ...auditFolders(objects)];
}

function auditRoots(objects: EngineObjects, snapshots: Snapshots): Finding[] {
  const containers = objects.containers();
  const known = new Set(containers.flatMap(({ roots }) => roots));
  const roots = new Set(snapshots.writables());
  const missing = containers.filter(({ roots: own, isReady }) => isReady && !own.every((id) => roots.has(id)));
  const unknown = [...roots].filter((id) => !known.has(id) && !objects.isInProgress(id));
  return [
    ...missing.map(({ id }): Finding => {
      const problem = 'the container has no writable layer: it cannot start';
      return { kind: 'root-missing', subject: id, problem, advice: 'remove the container and make it again' };
    }),
    ...unknown.map((id): Finding => {
      const repair = async (): Promise<ReturnType<typeof repaired>> => {
        await snapshots.removeWritable(id);
        return repaired('deleted');
      };
      const problem = 'a writable layer of no container';
      return { kind: 'root-unknown', subject: id, problem, advice: 'deleted, as the next start does', repair };
    }),
  ];
}

function auditMounts(objects: EngineObjects, snapshots: Snapshots): Finding[] {
  const { containers, mountRoot } = objects;
  // The other driver has no mounts.
  if (snapshots.driver !== 'overlay2') return [];
  const records = containers();
  const known = new Set(records.flatMap(({ roots }) => roots));
  const mounted = new Set<string>();
  for (const { mountPoint } of readMountInfo()) {
    if (dirname(mountPoint) === mountRoot) mounted.add(mountPoint.slice(mountRoot.length + 1));
  }
  const missing = records.filter(
    ({ roots, isReady, isRunning }) => isReady && isRunning && !roots.every((id) => mounted.has(id)),
  );
  const unknown = [...mounted].filter((id) => !known.has(id) && !objects.isInProgress(id));
  return [
    ...missing.map(({ id }): Finding => {
      const problem = 'the container runs, and its root is not mounted where it should be';
      return { kind: 'mount-missing', subject: id, problem, advice: 'restart the container' };
    }),
    ...unknown.map((id): Finding => {
      const repair = async (): Promise<ReturnType<typeof repaired>> => {
        await snapshots.unmount(id);
        return repaired('unmounted');
      };
      const problem = 'a mounted root of no container';
      return { kind: 'mount-unknown', subject: join(mountRoot, id), problem, advice: 'unmounted', repair };
    }),
  ];
}

function auditFolders({ containers, containersFolder, volumes, volumesFolder }: EngineObjects): Finding[] {
  const records = containers();
  const known = new Set(records.map(({ id }) => id));
  const names = new Set(volumes());
  const volumeFolders = namesInSync(volumesFolder).filter((name) => !name.startsWith('.'));
  return [
    ...records
      .filter(({ id, isReady }) => isReady && !isFolder(join(containersFolder, id)))
      .map(({ id }) => folderMissing(join(containersFolder, id), 'the next start of the container makes it again')),
    ...namesInSync(containersFolder)
      .filter((name) => !known.has(name))
      .map((name) => folderUnknown(join(containersFolder, name), 'the next start of the engine deletes it')),
    ...[...names]
      .filter((name) => !isFolder(join(volumesFolder, name, '_data')))
      .map((name) => folderMissing(join(volumesFolder, name, '_data'), `remove the volume ${name}`)),
    ...volumeFolders
      .filter((name) => !names.has(name))
      .map((name) => folderUnknown(join(volumesFolder, name), 'the next start of the engine makes a volume of it')),
  ];
}

function folderMissing(path: string, advice: string): Finding {
  return { kind: 'folder-missing', subject: path, problem: 'there is a record of it, and no folder', advice };
}

function folderUnknown(path: string, advice: string): Finding {
  return { kind: 'folder-unknown', subject: path, problem: 'there is no record of it', advice };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
