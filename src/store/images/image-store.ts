import type { Digest } from '../../base/ids.ts';
import type { Descriptor, ImageConfig, Manifest } from '../../spec/index.ts';

/**
 * Names and the images they stand for. An image's id is the digest of its config, as users of Docker know it. A name
 * points at a *target* (manifest or index); an index brings one image per platform that is present.
 *
 * A change of names and the references that keep content alive is one transaction.
 */
export interface ImageStore {
  /**
   * By name (normalised, tag defaulted), `name@digest`, id, or unique id prefix.
   * @throws EngineError notFound `No such image: x` — clients pull on this text; invalid for an ambiguous prefix
   */
  resolve(
    ref: string,
    platform?: { readonly os: string; readonly architecture: string; readonly variant?: string },
  ): StoredImage;
  list(): readonly StoredImage[];
  /** Every name in canonical form (`docker.io/library/busybox:latest`) with its target. */
  names(): readonly { readonly name: string; readonly target: Descriptor }[];
  /** Children by layer chain and history, for Docker's rules on removal. */
  children(id: Digest): readonly StoredImage[];
}

/** One image for one platform. */
export interface StoredImage {
  readonly id: Digest;
  readonly manifest: Manifest;
  readonly manifestDescriptor: Descriptor;
  readonly config: ImageConfig;
  /** Canonical names whose target is, or contains, this image. */
  readonly names: readonly string[];
  /** `docker.io/library/busybox@sha256:…`. */
  readonly repoDigests: readonly string[];
  /** RFC 3339. */
  readonly addedAt: string;
  readonly lastTaggedAt: string;
}
