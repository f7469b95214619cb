import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DiskUsage, diskUsageFor } from './disk-usage-shape.ts';

const USAGE = {
  layersSizeBytes: 100,
  images: [
    { Id: 'a', Size: 60, SharedSize: 20, Containers: 1 },
    { Id: 'b', Size: 40, SharedSize: 20, Containers: 0 },
  ],
  containers: [{ State: 'running', SizeRw: 5 }, { State: 'exited', SizeRw: 7 }, { State: 'created' }],
  volumes: [{ UsageData: { RefCount: 0, Size: 3 } }, { UsageData: { RefCount: 2, Size: 4 } }],
  buildCache: [
    { InUse: true, Shared: false, Size: 8 },
    { InUse: false, Shared: false, Size: 2 },
    { InUse: false, Shared: true, Size: 50 },
  ],
} as unknown as DiskUsage;

const SUMS = {
  ImageUsage: { ActiveCount: 1, TotalCount: 2, Reclaimable: 60, TotalSize: 100 },
  ContainerUsage: { ActiveCount: 1, TotalCount: 3, Reclaimable: 7, TotalSize: 12 },
  VolumeUsage: { ActiveCount: 1, TotalCount: 2, Reclaimable: 3, TotalSize: 7 },
  BuildCacheUsage: { ActiveCount: 1, TotalCount: 3, Reclaimable: 2, TotalSize: 10 },
};

test('lists until 1.52, with sums from then on, and sums with their lists for those who want to know all', () => {
  const lists = diskUsageFor('1.51', true, USAGE);
  assert.deepEqual(Object.keys(lists), ['LayersSize', 'Images', 'Containers', 'Volumes', 'BuildCache']);
  assert.deepEqual(diskUsageFor('1.52', false, USAGE), { ...diskUsageFor('1.51', false, USAGE), ...SUMS });
  assert.deepEqual(diskUsageFor('1.52', true, USAGE), {
    ImageUsage: { ...SUMS.ImageUsage, Items: USAGE.images },
    ContainerUsage: { ...SUMS.ContainerUsage, Items: USAGE.containers },
    VolumeUsage: { ...SUMS.VolumeUsage, Items: USAGE.volumes },
    BuildCacheUsage: { ...SUMS.BuildCacheUsage, Items: USAGE.buildCache },
  });
});

test('what was not asked for is not there', () => {
  const volumes = { ...USAGE, images: null, containers: null, buildCache: null };
  assert.deepEqual(diskUsageFor('1.52', true, volumes), { VolumeUsage: { ...SUMS.VolumeUsage, Items: USAGE.volumes } });
});
