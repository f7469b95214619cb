export {
  type Candidates,
  type Collector,
  type CollectorDeps,
  createCollector,
  type GcRoot,
} from './collector.ts';
export type { Lease } from './leases.ts';
export type { RetainedBlob } from './retained-blobs.ts';
