import type { Readable } from 'node:stream';
import type { Credentials, SearchResult } from '../distribution/index.ts';
import type { ContainerConfig, Descriptor, Platform } from '../spec/index.ts';
import type { AttestationOptions, AttestationStatement } from './attestations.ts';
import type { CommitRequest } from './commit.ts';
import type { DistributionInfo } from './distribution-info.ts';
import type { ImportOptions } from './import.ts';
import type { ManifestSummary } from './manifest-summary.ts';
import type { PullRequest } from './pull/pull-image.ts';
import type { PushRequest } from './push/push-image.ts';
import type { SavedArchive, SaveOptions } from './save/save.ts';
import type { SearchOptions } from './search.ts';

/** A line of a progress stream, in the API's spelling (`status`, `progressDetail`, `id`, `stream`, `errorDetail`). */
export type Progress = (message: Readonly<Record<string, unknown>>) => void;

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

/** What `images` asks about containers: who uses an image. Given by the wiring. */
export interface ImageUsers {
  /** Containers made from the image id. */
  usersOf(imageId: string): readonly { readonly id: string; readonly running: boolean }[];
}

/** One element of `GET /images/json`. */
export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds. */
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Containers: number;
  readonly Descriptor: Descriptor;
  readonly Manifests?: readonly ManifestSummary[];
}

/** `GET /images/{name}/json`. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created?: string;
  readonly DockerVersion: string;
  readonly Author: string;
  readonly Config: ContainerConfig;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  readonly Size: number;
  readonly GraphDriver: { readonly Name: string; readonly Data: Readonly<Record<string, string>> | null };
  readonly RootFS: { readonly Type: 'layers'; readonly Layers: readonly string[] };
  readonly Metadata: { readonly LastTagTime: string };
  readonly Descriptor: Descriptor;
  readonly Manifests?: readonly ManifestSummary[];
}
