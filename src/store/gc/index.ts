export { type Collector, type CollectorDeps, createCollector, type Lease } from './collector.ts';
export { openTrash, type Trash } from './trash.ts';
