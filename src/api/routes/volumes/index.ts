import type { Volumes } from '../../../volumes/index.ts';
import { type BoundRoute, bind } from '../../route.ts';
import { createVolume } from './create.ts';
import { inspectVolume } from './inspect.ts';
import { listVolumes } from './list.ts';
import { pruneVolumes } from './prune.ts';
import { removeVolume } from './remove.ts';

export function volumeRoutes(volumes: Volumes): readonly BoundRoute[] {
  return [
    bind(createVolume, volumes),
    bind(listVolumes, volumes),
    bind(pruneVolumes, volumes),
    bind(inspectVolume, volumes),
    bind(removeVolume, volumes),
  ];
}
