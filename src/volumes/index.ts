export { createVolumes, type OwnedVolumes, type VolumesDeps } from './create-volumes.ts';
export type { VolumeRecord } from './record.ts';
export type { VolumeTrees } from './trees.ts';
export type { ImportVolume, OnProgress, SnapshotInspect, VolumeData } from './volume-data.ts';
export type { CreateVolume, VolumeInspect, Volumes } from './volumes.ts';
