import type { Digest } from '../../base/ids.ts';
import type { Descriptor, ImageConfig, Manifest, Platform } from '../../spec/index.ts';
import type { Finding } from '../finding.ts';

/**
 * Names and the images that they stand for.
 *
 * Words: the *id* of an image is the digest of its config, as users of Docker know it. A *target* is a manifest or an
 * index in the content store. A name points to a target. An index contains one image for each of its platforms that is
 * present. A target without a name is *dangling*.
 *
 * One life: a pull or load stores the documents and blobs in the content store and calls `add` with the target, its
 * manifests that are present, and its names. `resolve` finds the image by name, digest or id. `tag` points further
 * names to the target; when a name moves to another target, the old one may become dangling, and stays. `untag` removes
 * names, and `remove` removes images with their targets and names. The content that only they used is left to the
 * collector, which asks `references`.
 *
 * A change of names and of the references that keep content alive is one durable transaction. All methods are
 * synchronous: records are in memory, and documents are read once.
 */
export interface ImageStore {
  /**
   * Finds an image by name (normalised, with the default tag), `name@digest`, id, or unique id prefix. The digest of a
   * manifest or an index, or a unique prefix of one, stands for the image too. Of several platforms it picks the requested one, by default the host's, else the first.
   * @throws EngineError notFound `No such image: x` (clients pull on this text); invalid for an ambiguous prefix
   */
  resolve(ref: string, platform?: Platform): StoredImage;
  /** Finds an image by its exact id. */
  get(id: Digest): StoredImage | undefined;
  /** Lists every image once, in order of arrival. */
  list(): readonly StoredImage[];
  /** Lists every name in canonical form (`docker.io/library/busybox:latest`, `…@sha256:…`) with its target. */
  names(): readonly { readonly name: string; readonly target: Descriptor }[];
  /** Lists every target with its images, in order of arrival. */
  targets(): readonly StoredTarget[];
  /** Lists the images that were built on this one, for Docker's rules on removal. */
  children(id: Digest): readonly StoredImage[];
  /**
   * Adds targets whose content is in the content store, and moves names to them, all or none. A target that exists gets
   * the names, and the platforms that it lacked.
   * @throws EngineError invalid when a document is broken or missing, noSpace
   */
  add(targets: readonly NewTarget[]): void;
  /**
   * Adds a target in place of an old one, and moves the old one's names to it. For the same image in another form: its `lastTaggedAt` stays.
   * Content that only the old target used is left to the collector. @throws as {@link add}
   */
  replace(old: Digest, by: NewTarget): void;
  /**
   * Points a canonical name to a target. The target is given by its digest, since one image may be in several targets.
   */
  tag(target: Digest, name: string): void;
  setParent(id: Digest, parent: Digest): void;
  /** Removes canonical names in one transaction. The images stay. Returns the names that existed. */
  untag(names: readonly string[]): readonly string[];
  /**
   * Removes images with every target that contains them, and their names, in one transaction. Content that only they
   * used is left to the collector. Idempotent.
   */
  remove(ids: readonly Digest[]): void;
  /**
   * Records that an image is used now, for every start of a container. Cheap: the time is kept to the minute. Never
   * throws.
   */
  used(id: Digest): void;
  /** When the image was last used, tagged or added, in milliseconds since the epoch. */
  lastUsed(id: Digest): number;
  /**
   * Removes manifests from an index, with the attestations about them. Names stay. At least one image must remain.
   * Content that only they used is left to the collector.
   */
  removePlatforms(target: Digest, manifests: readonly Digest[]): void;
  /** The content that the images use, read from memory. None of it may be deleted. */
  references(): References;
  /** The content that one image uses. */
  referencesOf(id: Digest): References;
  /** Targets whose content may not survive a power cut yet, with the machine's boot in which it was written. */
  notDurable(): readonly { readonly target: Digest; readonly boot: string }[];
  /** Records that the content of these targets survives a power cut. */
  markDurable(targets: readonly Digest[]): void;
  /** Compares state.db, memory and index.json. */
  audit(): readonly Finding[];
}

export interface NewTarget {
  readonly descriptor: Descriptor;
  /** The manifests that are present: the target itself, or the platforms of an index. */
  readonly manifests: readonly Descriptor[];
  /** Documents that are kept with an index though no image runs from them: attestations, and indexes within it. */
  readonly attachments?: readonly Descriptor[];
  /** In canonical form. */
  readonly names: readonly string[];
  /** The names are noted for an image that is here, as by a push: `lastTaggedAt` stays. */
  readonly keepsTagTime?: boolean;
  /** Id of the image that this one was built on, where it is known. */
  readonly parent?: Digest;
}

export interface References {
  readonly blobs: ReadonlySet<Digest>;
  /** Layer chains, bottom first, each once. */
  readonly chains: readonly (readonly Digest[])[];
}

/** A manifest, or an index with its parts that are present. */
export interface StoredTarget {
  readonly descriptor: Descriptor;
  /** In canonical form, with a tag or a digest. */
  readonly names: readonly string[];
  /** One image per platform. */
  readonly images: readonly StoredImage[];
  readonly attachments: readonly Descriptor[];
}

/** One image for one platform. */
export interface StoredImage {
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  readonly config: ImageConfig;
  /** A manifest or an index. */
  readonly target: Descriptor;
  /** Canonical names, with a tag, whose target is or contains this image. */
  readonly names: readonly string[];
  /** `docker.io/library/busybox@sha256:…`. */
  readonly repoDigests: readonly string[];
  readonly parent: Digest | undefined;
  /** Images of other platforms in a target with this one. They are added and removed together. */
  readonly siblings: readonly Digest[];
  /** RFC 3339. */
  readonly addedAt: string;
  /** RFC 3339: when a pull, load, build, import, commit or `tag` last gave it a name, also one that it had. Go's zero time when none did. */
  readonly lastTaggedAt: string;
}
