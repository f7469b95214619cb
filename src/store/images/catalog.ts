import type { Digest } from '../../base/ids.ts';
import { ZERO_TIME } from '../../base/time.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ImageDocuments } from './documents.ts';
import type { References, StoredImage } from './image-store.ts';

/** A record of the table `image_targets`, by digest of the target. */
export interface TargetRecord {
  readonly descriptor: Descriptor;
  readonly manifests: readonly Descriptor[];
  readonly attachments?: readonly Descriptor[];
  readonly parent?: Digest;
  readonly addedAt: string;
  readonly lastTaggedAt?: string;
  /** The boot in which the content was written. Absent once the content is known to be on the disk. */
  readonly unsettled?: string;
}

/** The content of a target's documents. */
export interface TargetContent {
  readonly images: readonly ImageDocuments[];
  /** The blobs of the attachments. */
  readonly attachedBlobs: readonly Digest[];
}

/** A target in memory. Only its names change. */
export interface Target extends TargetContent {
  readonly record: TargetRecord;
  readonly names: Set<string>;
}

/** The records of the tables in memory, indexed by name and image. It does not use the database. */
export interface Catalog {
  target(digest: Digest): Target | undefined;
  targets(): readonly Target[];
  /** The targets that contain the image, in order of arrival. */
  holders(id: Digest): readonly Target[];
  owner(name: string): Target | undefined;
  names(): readonly { readonly name: string; readonly target: Descriptor }[];
  ids(): ReadonlySet<Digest>;
  /** Adds or replaces a target. The names of a replaced target stay. */
  enter(record: TargetRecord, content: TargetContent): Target;
  leave(target: Target): void;
  /** Moves a name to a target. Undefined removes the name. */
  move(name: string, to: Digest | undefined): void;
  view(target: Target, image: ImageDocuments): StoredImage;
  byId(id: Digest): StoredImage | undefined;
}

export function createCatalog(): Catalog {
  const targets = new Map<Digest, Target>();
  const owners = new Map<string, Digest>();
  const holderIndex = createHolderIndex();

  const holders = (id: Digest): readonly Target[] => holderIndex.of(id).flatMap((digest) => targets.get(digest) ?? []);
  const owner = (name: string): Target | undefined => {
    const digest = owners.get(name);
    return digest === undefined ? undefined : targets.get(digest);
  };
  const move = (name: string, to: Digest | undefined): void => {
    owner(name)?.names.delete(name);
    owners.delete(name);
    if (to === undefined) return;
    owners.set(name, to);
    owner(name)?.names.add(name);
  };
  const view = (target: Target, image: ImageDocuments): StoredImage => storedImage(target, image, holders(image.id));
  return {
    target: (digest) => targets.get(digest),
    targets: () => [...targets.values()],
    holders,
    owner,
    names: () =>
      [...owners].flatMap(([name, digest]) => {
        const target = targets.get(digest);
        return target === undefined ? [] : { name, target: target.record.descriptor };
      }),
    ids: holderIndex.ids,
    enter(record, { images, attachedBlobs }) {
      const { digest } = record.descriptor;
      const before = targets.get(digest);
      holderIndex.remove(digest, before?.images ?? []);
      const target = { record, images, attachedBlobs, names: before?.names ?? new Set<string>() };
      targets.set(digest, target);
      holderIndex.add(digest, images);
      return target;
    },
    leave(target) {
      const { digest } = target.record.descriptor;
      for (const name of [...target.names]) move(name, undefined);
      targets.delete(digest);
      holderIndex.remove(digest, target.images);
    },
    move,
    view,
    byId(id) {
      const all = holders(id);
      // When several targets contain the image, users mean the one with a name.
      const target = all.find(({ names }) => names.size > 0) ?? all[0];
      const image = target?.images.find((candidate) => candidate.id === id);
      return target === undefined || image === undefined ? undefined : view(target, image);
    },
  };
}

/** The digests of the targets that contain an image, by the image's id. */
interface HolderIndex {
  /** In order of arrival. */
  of(id: Digest): readonly Digest[];
  ids(): ReadonlySet<Digest>;
  add(target: Digest, images: readonly ImageDocuments[]): void;
  remove(target: Digest, images: readonly ImageDocuments[]): void;
}

function createHolderIndex(): HolderIndex {
  const holders = new Map<Digest, Set<Digest>>();
  return {
    of: (id) => [...(holders.get(id) ?? [])],
    ids: () => new Set(holders.keys()),
    add(target, images) {
      for (const { id } of images) holders.set(id, (holders.get(id) ?? new Set()).add(target));
    },
    remove(target, images) {
      for (const { id } of images) {
        const set = holders.get(id);
        set?.delete(target);
        if (set?.size === 0) holders.delete(id);
      }
    },
  };
}

/** An image as `target` contains it. `all` are the targets that contain it. */
function storedImage(target: Target, image: ImageDocuments, all: readonly Target[]): StoredImage {
  const names = all.flatMap((holder) => [...holder.names]);
  const tagged = all.flatMap(({ record }) => record.lastTaggedAt ?? []).sort();
  return {
    id: image.id,
    manifest: image.manifest,
    manifestDescriptor: image.descriptor,
    config: image.config,
    target: target.record.descriptor,
    names: names.filter((name) => !name.includes('@')),
    repoDigests: names.filter((name) => name.includes('@')),
    parent: all.find(({ record }) => record.parent !== undefined)?.record.parent,
    siblings: [...new Set(all.flatMap(({ images }) => images.map(({ id }) => id)))].filter((id) => id !== image.id),
    addedAt: target.record.addedAt,
    lastTaggedAt: tagged.at(-1) ?? ZERO_TIME,
  };
}

export function referencesOf(targets: readonly Target[]): References {
  const blobs = new Set<Digest>();
  const chains = new Map<string, readonly Digest[]>();
  for (const { record, images, attachedBlobs } of targets) {
    for (const digest of [record.descriptor.digest, ...attachedBlobs]) blobs.add(digest);
    for (const image of images) {
      for (const digest of image.blobs) blobs.add(digest);
      const chain = image.config.rootfs.diff_ids;
      chains.set(chain.join(), chain);
    }
  }
  return { blobs, chains: [...chains.values()] };
}
