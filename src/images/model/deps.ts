import type { Logger } from '../../base/logger.ts';
import type { ProxyRule, Registries } from '../../distribution/index.ts';
import type { EventSink } from '../../spec/index.ts';
import type { Collector, ContentStore, ImageStore, Snapshots } from '../../store/index.ts';
import type { CommitSource } from './commit-source.ts';
import type { ImageUsers } from './image-users.ts';

/** What the verbs of this folder work on. */
export interface ImagesDeps {
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  readonly collector: Collector;
  readonly users: ImageUsers;
  readonly containers: CommitSource;
  readonly events: EventSink;
  readonly logger: Logger;
  readonly registries: Registries;
  /** For what is fetched by URL. */
  readonly proxyOf: ProxyRule;
  readonly limits: TransferLimits;
  /** Makes what changed durable, after the answer. */
  makeDurable(): void;
}

export interface TransferLimits {
  /** Blobs that are transferred at a time, all pulls and pushes together. */
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  /** Decompressed size of one layer. */
  readonly maxLayerBytes: number;
}
