export {
  type BlobKeeper,
  type Collector,
  type CollectorDeps,
  createCollector,
  type Lease,
  type RetainedBlob,
} from './collector.ts';
export { openTrash, type Trash } from './trash.ts';
