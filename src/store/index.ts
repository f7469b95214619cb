export type * from './images/image-store.ts';
export type * from './snapshots/snapshots.ts';
