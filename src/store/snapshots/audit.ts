import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { type Finding, type Repair, repaired } from '../finding.ts';
import { folderOf, type LayerKey, type LayerRecord } from './layer.ts';
import type { LayerTable } from './layer-table.ts';
import type { SnapshotPaths } from './paths.ts';
import type { TreePool } from './worker/tree-pool.ts';
import type { WritableTable } from './writable-table.ts';

export interface AuditSnapshotsDeps {
  readonly paths: SnapshotPaths;
  readonly table: LayerTable;
  readonly writables: WritableTable;
  readonly layersInUse: () => ReadonlySet<LayerKey>;
  /** Names in `new/` that are in use. */
  readonly unpacking: ReadonlySet<string>;
  /** Moves a folder to the trash. */
  readonly discard: (path: string) => void;
  readonly pool: Pick<TreePool, 'run'>;
}

/** Finds layers and writables on record without a tree, and trees without a record. */
export function auditSnapshots(deps: AuditSnapshotsDeps): Finding[] {
  return [...auditLayers(deps), ...auditLinks(deps), ...auditWritables(deps), ...auditLeftovers(deps)];
}

function auditLayers({ paths, table, layersInUse, discard }: AuditSnapshotsDeps): Finding[] {
  const onDisk = readdirSync(paths.layers);
  const known = new Set<string>(table.all().map(folderOf));
  return [
    ...table.all().flatMap((record): Finding[] => {
      if (isFolder(paths.layerFs(record))) return [];
      const inUse = layersInUse().has(record.key);
      const repair = (): Repair => {
        table.remove(record);
        discard(paths.layer(record));
        return repaired(isSealed(record) ? 'forgotten' : 'forgotten, to be unpacked again');
      };
      return [
        {
          kind: 'layer-damaged',
          subject: record.key,
          problem: 'there is a record of the layer, and no tree',
          advice: adviceFor(record, inUse),
          ...(inUse ? {} : { repair }),
        },
      ];
    }),
    ...onDisk
      .filter((name) => !known.has(name))
      .map((name) => unknownTree(join(paths.layers, name), 'a layer without a record', discard)),
  ];
}

function isSealed({ diffIds }: LayerRecord): boolean {
  return diffIds.length === 0;
}

function adviceFor(record: LayerRecord, inUse: boolean): string {
  if (inUse) return 'containers stand on it: remove them, then check again';
  return isSealed(record) ? 'forgotten: the next build makes it again' : 'unpacked again from its blob';
}

function auditLinks({ paths, table, discard }: AuditSnapshotsDeps): Finding[] {
  const known = new Set(table.all().map(({ link }) => link));
  const broken = table
    .all()
    .filter((layer) => readLink(join(paths.links, layer.link)) !== join('..', 'layers', folderOf(layer), 'fs'));
  return [
    ...broken.map((record): Finding => {
      const repair = (): Repair => {
        table.relink(record);
        return repaired('made again');
      };
      const problem = `its short name ${record.link} does not lead to it`;
      return { kind: 'layer-damaged', subject: record.key, problem, advice: 'made again', repair };
    }),
    ...readdirSync(paths.links)
      .filter((name) => !known.has(name))
      .map((name) => unknownTree(join(paths.links, name), 'a short name of no layer', discard)),
  ];
}

function auditWritables({ paths, table, writables, discard }: AuditSnapshotsDeps): Finding[] {
  const known = new Set(writables.ids());
  return [
    ...writables.ids().flatMap((id): Finding[] => {
      const lost = writables.keysOf(id).filter((key) => table.get(key) === undefined);
      const problem = !isFolder(paths.writableFs(id))
        ? 'the writable layer has no tree'
        : lost.length > 0
          ? `layers below it are gone: ${lost.join(', ')}`
          : undefined;
      const advice = 'the container cannot start: remove it and make it again';
      return problem === undefined ? [] : [{ kind: 'root-missing', subject: id, problem, advice }];
    }),
    ...readdirSync(paths.writables)
      .filter((name) => !known.has(name))
      .map((name) => unknownTree(join(paths.writables, name), 'a writable layer without a record', discard)),
  ];
}

function auditLeftovers({ paths, unpacking, pool }: AuditSnapshotsDeps): Finding[] {
  const left = (folder: string, problem: string, names: readonly string[]): Finding[] =>
    names.map((name) => {
      const path = join(folder, name);
      const repair = async (): Promise<Repair> => {
        await pool.run({ kind: 'remove', path });
        return repaired('deleted');
      };
      return { kind: 'leftover', subject: path, problem, advice: 'deleted', repair };
    });
  return [
    ...left(
      paths.fresh,
      'a layer that nobody goes on unpacking',
      readdirSync(paths.fresh).filter((name) => !unpacking.has(name)),
    ),
    ...left(paths.trash, 'a removed tree that stayed', readdirSync(paths.trash)),
  ];
}

function unknownTree(path: string, problem: string, discard: (path: string) => void): Finding {
  const repair = (): Repair => {
    discard(path);
    return repaired('deleted');
  };
  return { kind: 'leftover', subject: path, problem, advice: 'deleted', repair };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EINVAL') return undefined;
    throw error;
  }
}
