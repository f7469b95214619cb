export {
  type Collector,
  type CollectorDeps,
  createCollector,
  type GcRoot,
  type Lease,
} from './collector.ts';
export type { RetainedBlob } from './retained-blobs.ts';
