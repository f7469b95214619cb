import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { ContainerConfig } from '../../spec/index.ts';

/** What `images` asks of containers to make an image of one. Given by the wiring. */
export interface CommitSource {
  /** Frozen until disposed where `pause` says so and it runs. @throws EngineError notFound, conflict */
  hold(ref: string, options: { readonly pause: boolean }, signal: AbortSignal): Promise<HeldContainer>;
}

interface HeldContainer extends AsyncDisposable {
  readonly id: string;
  readonly imageId: Digest;
  readonly config: ContainerConfig;
  complete(wanted: ContainerConfig): ContainerConfig;
  layer(signal: AbortSignal): Promise<Readable>;
  committed(image: { readonly id: Digest; readonly name: string; readonly comment: string }): void;
}
