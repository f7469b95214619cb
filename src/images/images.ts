import type { Readable } from 'node:stream';
import type { Credentials, SearchResult } from '../distribution/index.ts';
import type { Platform } from '../spec/index.ts';
import type { CommitRequest } from './commit/commit-image.ts';
import type { ImportOptions } from './import/import-image.ts';
import type { Progress } from './progress/progress.ts';
import type { PullRequest } from './pull/pull-image.ts';
import type { PushRequest } from './push/push-image.ts';
import type { DistributionInfo } from './query/distribution-info.ts';
import type { AttestationOptions, AttestationStatement } from './query/image-attestations.ts';
import type { ImageInspect } from './query/inspect-image.ts';
import type { ImageSummary } from './query/list-images.ts';
import type { SearchOptions } from './query/search-images.ts';
import type { SavedArchive, SaveOptions } from './save/save-images.ts';

/** Every verb on images, as `api` sees them; each is a file of this folder. `ref` as in `ImageStore.resolve`. */
export interface Images {
  /** docker-archive and OCI archives, plain, gzip or zstd. Reports `Loaded image: NAME` lines through `progress`. */
  load(
    archive: Readable,
    options: { readonly quiet: boolean; readonly platforms: readonly Platform[] },
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void>;
  /** The images by these names as an archive; everything is known to be here when it is answered. Dispose it. */
  save(names: readonly string[], options: SaveOptions): Promise<SavedArchive>;
  /** A root file system from a tar; answers the image's id. `changes` are Dockerfile instructions. */
  import(archive: Readable, options: ImportOptions, progress: Progress, signal: AbortSignal): Promise<string>;
  /** The same of an archive that is fetched by http or https. */
  importFrom(url: string, options: ImportOptions, progress: Progress, signal: AbortSignal): Promise<string>;
  /** An image of a container's changes; answers its id. */
  commit(request: CommitRequest, signal: AbortSignal): Promise<string>;
  /** An image, or without a tag all of a repository, from its registry. */
  pull(request: PullRequest, progress: Progress, signal: AbortSignal): Promise<void>;
  /** An image, or without a tag all of a repository, to its registry. */
  push(request: PushRequest, progress: Progress, signal: AbortSignal): Promise<void>;
  search(term: string, options: SearchOptions, signal: AbortSignal): Promise<readonly SearchResult[]>;
  /** What a name stands for at its registry. */
  distribution(ref: string, credentials: Credentials, signal: AbortSignal): Promise<DistributionInfo>;
  list(options: {
    readonly all: boolean;
    readonly filters: Readonly<Record<string, readonly string[]>>;
    readonly sharedSize: boolean;
    readonly countContainers?: boolean;
    readonly manifests: boolean;
  }): Promise<readonly ImageSummary[]>;
  /** Bytes of the unpacked layers that images have, each counted once. */
  layersSizeBytes(): Promise<number>;
  inspect(ref: string, options: { readonly platform?: Platform; readonly manifests: boolean }): Promise<ImageInspect>;
  /** In-toto statements that came with an image. */
  attestations(ref: string, options: AttestationOptions): Promise<readonly AttestationStatement[]>;
  history(ref: string, options: { readonly platform?: Platform }): Promise<readonly object[]>;
  tag(ref: string, target: { readonly repo: string; readonly tag: string }): Promise<void>;
  remove(
    ref: string,
    options: {
      readonly force: boolean;
      readonly noPrune: boolean;
      /** Only these of an image of several; all when empty. */
      readonly platforms?: readonly Platform[];
    },
    signal: AbortSignal,
  ): Promise<readonly ({ readonly Untagged: string } | { readonly Deleted: string })[]>;
  prune(
    filters: Readonly<Record<string, readonly string[]>>,
    signal: AbortSignal,
  ): Promise<{
    readonly deleted: readonly ({ readonly Untagged: string } | { readonly Deleted: string })[];
    readonly reclaimedBytes: number;
  }>;
}
