export type { PathStat } from './archive/path-stat.ts';
export type { ContainerFiles, FileLocation } from './container-files.ts';
export type { LayerKey } from './layer.ts';
export { type OpenSnapshots, openSnapshots, type SnapshotsOptions } from './open-snapshots.ts';
export type { PathSelection } from './root-files/path-selection.ts';
export type { RootFiles } from './root-files/root-files.ts';
export type { IdentifiedLayer, IdentifyRequest, LayerContent, SealedLayers } from './sealed/sealed-layers.ts';
export type { KnownLayer, LayerSource, Snapshots } from './snapshots.ts';
export type { FileChange } from './streams/stream-job.ts';
