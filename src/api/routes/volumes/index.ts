import type { VolumeData, Volumes } from '../../../volumes/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { cloneVolume } from './clone.ts';
import { createVolume } from './create.ts';
import { exportVolume } from './export.ts';
import { importVolume } from './import.ts';
import { inspectNamelessVolume, inspectVolume } from './inspect.ts';
import { listVolumes } from './list.ts';
import { pruneVolumes } from './prune.ts';
import { removeNamelessVolume, removeVolume } from './remove.ts';
import { renameVolume } from './rename.ts';
import { createSnapshot, listSnapshots, removeSnapshot, restoreVolume } from './snapshots.ts';
import { updateNamelessVolume, updateVolume } from './update.ts';

export function volumeRoutes(volumes: Volumes & VolumeData): readonly BoundRoute[] {
  return [
    bind(createVolume, volumes),
    bind(listVolumes, volumes),
    bind(pruneVolumes, volumes),
    bind(inspectVolume, volumes),
    bind(removeVolume, volumes),
    bind(inspectNamelessVolume, volumes),
    bind(removeNamelessVolume, volumes),
    bind(updateVolume, undefined),
    bind(updateNamelessVolume, undefined),
    bind(cloneVolume, volumes),
    bind(renameVolume, volumes),
    bind(exportVolume, volumes),
    bind(importVolume, volumes),
    bind(createSnapshot, volumes),
    bind(listSnapshots, volumes),
    bind(removeSnapshot, volumes),
    bind(restoreVolume, volumes),
  ];
}
