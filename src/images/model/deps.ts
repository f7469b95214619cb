import type { Logger } from '../../base/logger.ts';
import type { ProxyRule, Registries } from '../../distribution/index.ts';
import type { EventSink } from '../../spec/index.ts';
import type { Collector, ContentStore, ImageStore, Snapshots } from '../../store/index.ts';
import type { CommitSource } from './commit-source.ts';
import type { ImageUsers } from './image-users.ts';

/** The dependencies of the verbs of this folder. */
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
  /** Proxies for downloads by URL. */
  readonly proxyOf: ProxyRule;
  readonly limits: TransferLimits;
  /** Makes changed content durable, in the background. */
  makeDurable(): void;
}

export interface TransferLimits {
  /** Most blobs that are transferred at a time by all pulls and pushes together. */
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  /** Limit of one decompressed layer. */
  readonly maxLayerBytes: number;
}
