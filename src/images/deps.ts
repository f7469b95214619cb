import type { Logger } from '../base/logger.ts';
import type { EventSink } from '../spec/index.ts';
import type { Collector, ContentStore, ImageStore, Snapshots } from '../store/index.ts';
import type { ImageUsers } from './images.ts';

/** What the verbs of this folder work on. */
export interface ImagesDeps {
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  readonly collector: Collector;
  readonly users: ImageUsers;
  readonly events: EventSink;
  readonly logger: Logger;
  /** Makes what changed durable, after the answer. */
  settle(): void;
}
