export {
  type CheckReport,
  createStoreCheck,
  type EngineObjects,
  type ReportedFinding,
  type StoreCheck,
} from './check/index.ts';
export type { ContentStore, Ingest } from './content/index.ts';
export { openContentStore } from './content/index.ts';
export {
  openStateDb,
  refuseNewerRoot,
  type StateDb,
  type StateDbOptions,
  type TransactionOptions,
} from './db/index.ts';
export type { Finding, FindingKind } from './finding.ts';
export {
  type Candidates,
  type Collector,
  type CollectorDeps,
  createCollector,
  type GcRoot,
  type Lease,
} from './gc/index.ts';
export {
  type ImageStore,
  type ImageStoreDeps,
  type NewTarget,
  openImageStore,
  type References,
  type StoredImage,
  type StoredTarget,
} from './images/index.ts';
export { type OwnedSnapshots, openStores, type Stores, type StoresOptions } from './open-stores.ts';
export {
  type ContainerFiles,
  type CopyRequest,
  type FileChange,
  type FileLocation,
  type FileOwner,
  type IdentifiedLayer,
  type IdentifyRequest,
  type KnownLayer,
  type LayerContent,
  type LayerKey,
  type LayerSource,
  type MakeDirectory,
  type MakeFile,
  type MakeSymlink,
  type OpenSnapshots,
  openSnapshots,
  type PathSelection,
  type PathStat,
  type RemovePaths,
  type RootFiles,
  type SealedLayers,
  type Snapshots,
  type SnapshotsOptions,
} from './snapshots/index.ts';
