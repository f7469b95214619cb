export type { ContentStore, Ingest } from './content-store.ts';
export { openContentStore } from './open-content-store.ts';
