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

/**
 * Every verb on images, as `api` calls them. Each verb is in a file of this folder.
 *
 * One life of an image: `pull` downloads its documents and layers from a registry; `load`, `import` and `commit` make it
 * from an archive, a root file system or a container. Its layers are unpacked at once, so that a container can start
 * from it. `tag` gives it further names. `push` uploads it, and `save` writes it to an archive. `remove` or `prune`
 * removes its names and records in one transaction; the collector then deletes the content that nothing else uses.
 *
 * `ref` is as in `ImageStore.resolve`.
 */
export interface Images {
  /**
   * Loads docker-archive and OCI archives: plain, gzip or zstd. Reports lines `Loaded image: NAME` through `progress`.
   */
  load(
    archive: Readable,
    options: { readonly quiet: boolean; readonly platforms: readonly Platform[] },
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Prepares an archive of the images by these names. Once it resolves, all content is known to be present. Dispose the
   * result.
   */
  save(names: readonly string[], options: SaveOptions): Promise<SavedArchive>;
  /** Makes an image of a root file system in a tar. Returns its id. `changes` are Dockerfile instructions. */
  import(archive: Readable, options: ImportOptions, progress: Progress, signal: AbortSignal): Promise<string>;
  /** Like {@link import}, of an archive that is downloaded by http or https. */
  importFrom(url: string, options: ImportOptions, progress: Progress, signal: AbortSignal): Promise<string>;
  /** Makes an image of a container's changes. Returns its id. */
  commit(request: CommitRequest, signal: AbortSignal): Promise<string>;
  /** Pulls an image from its registry, or without a tag all images of a repository. */
  pull(request: PullRequest, progress: Progress, signal: AbortSignal): Promise<void>;
  /** Pushes an image to its registry, or without a tag all images of a repository. */
  push(request: PushRequest, progress: Progress, signal: AbortSignal): Promise<void>;
  search(term: string, options: SearchOptions, signal: AbortSignal): Promise<readonly SearchResult[]>;
  /** Describes the target of a name at its registry. */
  distribution(ref: string, credentials: Credentials, signal: AbortSignal): Promise<DistributionInfo>;
  list(options: {
    readonly all: boolean;
    readonly filters: Readonly<Record<string, readonly string[]>>;
    readonly sharedSize: boolean;
    readonly countContainers?: boolean;
    readonly manifests: boolean;
  }): Promise<readonly ImageSummary[]>;
  /** Size of the unpacked layers of all images. Each layer counts once. */
  layersSizeBytes(): Promise<number>;
  inspect(ref: string, options: { readonly platform?: Platform; readonly manifests: boolean }): Promise<ImageInspect>;
  /** Lists the in-toto statements that came with an image. */
  attestations(ref: string, options: AttestationOptions): Promise<readonly AttestationStatement[]>;
  history(ref: string, options: { readonly platform?: Platform }): Promise<readonly object[]>;
  tag(ref: string, target: { readonly repo: string; readonly tag: string }): Promise<void>;
  remove(
    ref: string,
    options: {
      readonly force: boolean;
      readonly noPrune: boolean;
      /** Of an image with several platforms, only these. Empty for all. */
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
