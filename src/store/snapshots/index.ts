export { type OpenSnapshots, openSnapshots, type SnapshotsOptions } from './open-snapshots.ts';
export type { LayerKey, LayerSource, Snapshots } from './snapshots.ts';
