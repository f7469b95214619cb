export {
  type Collector,
  type CollectorDeps,
  createCollector,
  type GcRoot,
  type Lease,
  type RetainedBlob,
} from './collector.ts';
export { openTrash, type Trash } from './trash.ts';
