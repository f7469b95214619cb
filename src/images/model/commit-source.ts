import type { Readable } from 'node:stream';
import type { Digest } from '../../base/ids.ts';
import type { ContainerConfig, Platform } from '../../spec/index.ts';

/** The containers from which images can be made. The wiring implements it. */
export interface CommitSource {
  /**
   * Returns the container. With `pause` a running one is frozen until disposed. @throws EngineError notFound, conflict
   */
  hold(ref: string, options: { readonly pause: boolean }, signal: AbortSignal): Promise<HeldContainer>;
}

/** A container that an image is made of. */
export interface HeldContainer extends AsyncDisposable {
  readonly id: string;
  /** '' for a container without an image. */
  readonly imageId: Digest | '';
  readonly platform: Platform;
  readonly config: ContainerConfig;
  complete(wanted: ContainerConfig): ContainerConfig;
  layer(signal: AbortSignal): Promise<Readable>;
  committed(image: { readonly id: Digest; readonly name: string; readonly comment: string }): void;
}
