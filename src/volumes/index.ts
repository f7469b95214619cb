export type { PluginVolumeRecord } from './plugin-volume-record.ts';
export type { VolumeRecord } from './record.ts';
export type { VolumeTrees } from './trees.ts';
export type { ImportVolume, OnProgress, SnapshotInspect, VolumeData } from './volume-data.ts';
export type { CreateVolume, VolumeInspect, VolumeList, Volumes } from './volumes.ts';
export { createVolumesByDriver, type VolumesByDriver, type VolumesByDriverDeps } from './volumes-by-driver.ts';
