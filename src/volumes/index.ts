export type { CopyFiles } from './copy-up.ts';
export { createVolumes, type VolumesDeps } from './create-volumes.ts';
export type { VolumeRecord } from './record.ts';
export type { CreateVolume, VolumeInspect, Volumes } from './volumes.ts';
