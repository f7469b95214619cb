import type { Digest } from '../../base/ids.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { RepositoryName } from '../names.ts';

/**
 * The registry behind a pull-through cache. Its responses are verified, except for the content of blobs, which the sink
 * verifies. Failures are `EngineError`s: notFound, unauthorized and forbidden are the upstream's response; any other
 * means that it could not be reached.
 */
export interface Upstream {
  /** Name for messages, such as `docker.io`. */
  readonly name: string;
  /** Returns a manifest by tag or digest. */
  manifest(
    repository: RepositoryName,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }>;
  /** As {@link manifest}, without its bytes. */
  resolve(repository: RepositoryName, reference: string, signal: AbortSignal): Promise<Descriptor>;
  /** Writes a blob from the sink's offset to its end, through interruptions. */
  download(
    repository: RepositoryName,
    target: { readonly blob: Descriptor; readonly sink: UpstreamSink },
    signal: AbortSignal,
  ): Promise<void>;
  tags(repository: RepositoryName, signal: AbortSignal): Promise<readonly string[]>;
  /** Lists the descriptors of the manifests whose subject is this digest. Empty where the upstream has no such list. */
  referrers(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
}

export interface UpstreamSink {
  /** Number of bytes that the sink has. Each write increases it. */
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
}
