import type { Digest } from '../../base/ids.ts';
import type { Descriptor, ImageConfig, Manifest, Platform } from '../../spec/index.ts';
import type { Finding } from '../check/finding.ts';

/**
 * Names and the images they stand for. An image's id is the digest of its config, as users of Docker know it. A name
 * points at a *target* (manifest or index); an index brings one image per platform that is present. A target without a
 * name is dangling, and stays until it is removed.
 *
 * A change of names and the references that keep content alive is one durable transaction. All methods are synchronous:
 * records are in memory, documents are read once.
 */
export interface ImageStore {
  /**
   * By name (normalised, tag defaulted), `name@digest`, id, or unique id prefix. Of several platforms the wanted one, by
   * default the host's, else the first.
   * @throws EngineError notFound `No such image: x` — clients pull on this text; invalid for an ambiguous prefix
   */
  resolve(ref: string, platform?: Platform): StoredImage;
  /** By exact id. */
  get(id: Digest): StoredImage | undefined;
  /** Every image once, in order of arrival. */
  list(): readonly StoredImage[];
  /** Every name in canonical form (`docker.io/library/busybox:latest`, `…@sha256:…`) with its target. */
  names(): readonly { readonly name: string; readonly target: Descriptor }[];
  /** Every target with its images, in order of arrival. */
  targets(): readonly StoredTarget[];
  /** Images built on this one, for Docker's rules on removal. */
  children(id: Digest): readonly StoredImage[];
  /**
   * Adds targets whose content is in the content store, and moves names to them, all or none. A target that is there
   * gets the names, and the platforms it lacked.
   * @throws EngineError invalid when a document is broken or missing, noSpace
   */
  add(targets: readonly NewTarget[]): void;
  /**
   * Adds a target in place of another one, whose names it takes over: the same image in another form. What only the old
   * one used is left to the collector. @throws as {@link add}
   */
  replace(old: Digest, by: NewTarget): void;
  /** Points a canonical name at a target, by the target's digest: an image may be in several, alone and within indexes. */
  tag(target: Digest, name: string): void;
  setParent(id: Digest, parent: Digest): void;
  /** Takes canonical names away, all at once; the images stay. Answers those that were there. */
  untag(names: readonly string[]): readonly string[];
  /** Removes images with every target that has them, and their names, all at once. What they used alone is left to the collector. Idempotent. */
  remove(ids: readonly Digest[]): void;
  /**
   * Notes that an image is used now. Cheap, and remembered to the minute: for every start of a container. Never throws.
   */
  used(id: Digest): void;
  /** When the image was last used, tagged or brought here: milliseconds since the epoch. */
  lastUsed(id: Digest): number;
  /**
   * Takes manifests out of an index, and the attestations about them; names stay. At least one image must remain.
   * What they used alone is left to the collector.
   */
  removePlatforms(target: Digest, manifests: readonly Digest[]): void;
  /** What the images use: nothing of it may be deleted. Read from memory. */
  references(): References;
  /** What one image uses. */
  referencesOf(id: Digest): References;
  /** Targets whose content may not survive a power cut yet, with the boot of the machine that it was written in. */
  notDurable(): readonly { readonly target: Digest; readonly boot: string }[];
  /** Records that the content of these targets survives a power cut. */
  markDurable(targets: readonly Digest[]): void;
  /** Whether state.db, memory and index.json say the same. */
  audit(): readonly Finding[];
}

export interface NewTarget {
  readonly descriptor: Descriptor;
  /** The manifests present: the target itself, or the platforms that came of an index. */
  readonly manifests: readonly Descriptor[];
  /** Documents of an index that are kept with it though nothing runs from them: attestations, indexes within. */
  readonly attachments?: readonly Descriptor[];
  /** Canonical. */
  readonly names: readonly string[];
  /** Id of the image that this one was built on, where that is known. */
  readonly parent?: Digest;
}

export interface References {
  readonly blobs: ReadonlySet<Digest>;
  /** Layer chains, bottom first, each once. */
  readonly chains: readonly (readonly Digest[])[];
}

/** A manifest, or an index with what is here of it. */
export interface StoredTarget {
  readonly descriptor: Descriptor;
  /** Canonical: with a tag or a digest. */
  readonly names: readonly string[];
  /** One per platform. */
  readonly images: readonly StoredImage[];
  readonly attachments: readonly Descriptor[];
}

/** One image for one platform. */
export interface StoredImage {
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  readonly config: ImageConfig;
  /** Manifest or index. */
  readonly target: Descriptor;
  /** Canonical names whose target is, or contains, this image: with a tag. */
  readonly names: readonly string[];
  /** `docker.io/library/busybox@sha256:…`. */
  readonly repoDigests: readonly string[];
  readonly parent: Digest | undefined;
  /** Images of other platforms that share a target with this one: they come and go together. */
  readonly siblings: readonly Digest[];
  /** RFC 3339. */
  readonly addedAt: string;
  /** RFC 3339; Go's zero time when it was never tagged here. */
  readonly lastTaggedAt: string;
}
