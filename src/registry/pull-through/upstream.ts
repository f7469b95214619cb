import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { RepositoryName } from '../names.ts';

/**
 * The registry behind a pull-through cache. Everything that it answers is verified, but for the content of blobs, which the
 * sink verifies. Failures are `EngineError`s: notFound, unauthorized and forbidden are the upstream's word; anything else
 * means that it could not be asked.
 */
export interface Upstream {
  /** For messages: `docker.io`. */
  readonly name: string;
  /** By tag or digest. */
  manifest(
    repository: RepositoryName,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }>;
  /** {@link manifest} without its bytes. */
  resolve(repository: RepositoryName, reference: string, signal: AbortSignal): Promise<Descriptor>;
  /** Writes a blob from the sink's offset to its end, through interruptions. */
  download(
    repository: RepositoryName,
    target: { readonly blob: Descriptor; readonly sink: UpstreamSink },
    signal: AbortSignal,
  ): Promise<void>;
  tags(repository: RepositoryName, signal: AbortSignal): Promise<readonly string[]>;
  /** Descriptors of the manifests whose subject is this digest; none where the upstream has no such list. */
  referrers(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
}

export interface UpstreamSink {
  /** Bytes there already; moves with each write. */
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
}
