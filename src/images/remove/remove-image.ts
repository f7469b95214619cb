import { conflict } from '../../base/errors.ts';
import { type Digest, digestHex, shortId } from '../../base/ids.ts';
import { canonicalString, parseReference, repositoryName, withDefaultTag } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { chainIds } from '../layers/layer-chain.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';
import { familiar } from '../names/familiar.ts';

export type RemoveRecord = { readonly Untagged: string } | { readonly Deleted: string };

export type RemoveDeps = Pick<ImagesDeps, 'images' | 'snapshots' | 'collector' | 'users' | 'events' | 'makeDurable'>;

/**
 * Removes an image or a name by Docker's rules (moby, daemon/images/image_delete.go). A name that is not the last one
 * is only removed. The last name, or the id of an image with names in one repository, removes the image, and with
 * `prune` its nameless parents. Hard conflicts (children, running containers) hold against force; soft ones (several
 * names, stopped containers) do not.
 *
 * One transaction removes everything: a killed engine has removed all of it or nothing.
 * @throws EngineError notFound, conflict
 */
export async function removeImage(
  deps: RemoveDeps,
  ref: string,
  options: { readonly force: boolean; readonly prune: boolean },
): Promise<RemoveRecord[]> {
  const image = deps.images.resolve(ref);
  const byId = [image.id, image.target.digest, image.manifestDescriptor.digest].some((id) => isIdPrefix(id, ref));
  if (!byId) checkLastName(deps, image, ref, options.force);
  const names = namesOf(image);
  const taken = byId ? (isSingleReference(names) ? names : []) : namesTakenBy(ref, names);
  const left = names.filter((name) => !taken.includes(name));
  if (!byId && left.length > 0) return untag(deps, image, taken);

  const mask = { hard: true, activeReference: !options.force, stoppedContainer: !options.force };
  const found = findConflict(deps, image, left, mask);
  if (found !== undefined) {
    // The request was to remove a name: conflicts over the rest are not an error.
    const isDangling = left.length === 0 && deps.images.children(image.id).length === 0;
    if (!byId && (!isDangling || found.isUsed)) return untag(deps, image, taken);
    throw conflict(found.message);
  }
  return deleteImages(deps, [image, ...(options.prune ? namelessParents(deps, image) : [])], [...taken, ...left]);
}

/** Removes an image with all its names, unless something uses it or is built on it. Then nothing changes. */
export async function removeUnused(deps: RemoveDeps, image: StoredImage): Promise<RemoveRecord[]> {
  const names = namesOf(image);
  const mask = { hard: true, activeReference: false, stoppedContainer: true };
  if (findConflict(deps, image, [], mask) !== undefined) return [];
  return deleteImages(deps, [image, ...namelessParents(deps, image)], names);
}

/** Removing the last name would leave a container's image dangling: only force does that. */
function checkLastName(deps: RemoveDeps, image: StoredImage, ref: string, force: boolean): void {
  if (force || !isSingleReference(namesOf(image))) return;
  const [user] = usersOf(deps, image);
  if (user === undefined) return;
  throw conflict(
    `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortImageId(image.id)}`,
  );
}

/** The name, and digests of a repository that has no tag left without it. */
function namesTakenBy(ref: string, names: readonly string[]): readonly string[] {
  const reference = withDefaultTag(parseReference(ref));
  const repository = repositoryName(reference);
  const name = reference.digest === undefined ? canonicalString(reference) : `${repository}@${reference.digest}`;
  const ofRepository = names.filter((other) => other !== name && repositoryOf(other) === repository);
  if (name.includes('@') || ofRepository.some(isTagged)) return [name];
  return [name, ...ofRepository];
}

function untag(deps: RemoveDeps, image: StoredImage, names: readonly string[]): RemoveRecord[] {
  const gone = deps.images.untag(names);
  for (const _name of gone) imageEvent(deps, 'untag', image);
  return gone.map((name) => ({ Untagged: familiar(name) }));
}

/** Parents that only this image kept, nearest first. */
function namelessParents(deps: RemoveDeps, image: StoredImage): StoredImage[] {
  const parents: StoredImage[] = [];
  const goes = new Set<Digest>([image.id, ...image.siblings]);
  for (let { parent } = image; parent !== undefined && !goes.has(parent); ) {
    const next = deps.images.get(parent);
    if (next === undefined || namesOf(next).length > 0 || usersOf(deps, next).length > 0) break;
    if (deps.images.children(next.id).some(({ id }) => !goes.has(id))) break;
    parents.push(next);
    for (const id of [next.id, ...next.siblings]) goes.add(id);
    ({ parent } = next);
  }
  return parents;
}

/** Deletes in one transaction. `names` are those of the first image; the others have none. */
async function deleteImages(
  deps: RemoveDeps,
  images: readonly StoredImage[],
  names: readonly string[],
): Promise<RemoveRecord[]> {
  const [first] = images;
  const references = images.map(({ id }) => deps.images.referencesOf(id));
  deps.images.remove(images.map(({ id }) => id));
  const records: RemoveRecord[] = names.map((name) => ({ Untagged: familiar(name) }));
  if (first !== undefined) for (const _name of names) imageEvent(deps, 'untag', first);
  for (const [index, image] of images.entries()) {
    imageEvent(deps, 'delete', image);
    const later = references.slice(index + 1).flatMap(({ chains }) => chains);
    // An image of another platform may have a name of its own.
    const ids = [image.id, ...image.siblings].filter((id) => deps.images.get(id) === undefined);
    records.push(...ids.map((id) => ({ Deleted: id })));
    records.push(...releasedLayers(deps, references[index]?.chains ?? [], later));
  }
  for (const each of references) await deps.collector.collect(each);
  deps.makeDurable();
  return records;
}

/** ChainIDs that no image, none of the chains `later`, and no container needs any more, top first. */
export function releasedLayers(
  deps: RemoveDeps,
  chains: readonly (readonly Digest[])[],
  later: readonly (readonly Digest[])[],
): RemoveRecord[] {
  const kept = new Set([...deps.images.references().chains, ...later].flatMap((chain) => chainIds(chain)));
  const inUse = deps.snapshots.layersInUse();
  const released = new Set<Digest>();
  for (const chain of chains) {
    let heldUpTo = -1;
    try {
      heldUpTo = deps.snapshots.chain(chain).findLastIndex((key) => inUse.has(key));
    } catch {
      // The image is not unpacked as a whole: no container stands on it.
    }
    const ids = chainIds(chain);
    for (let index = ids.length - 1; index > heldUpTo; index--) {
      const id = ids[index];
      if (id !== undefined && !kept.has(id)) released.add(id);
    }
  }
  return [...released].map((id) => ({ Deleted: id }));
}

/** Containers of any platform of the image, since all platforms are removed together. */
function usersOf(
  { users }: RemoveDeps,
  image: StoredImage,
): readonly { readonly id: string; readonly running: boolean }[] {
  return [image.id, ...image.siblings].flatMap((id) => users.usersOf(id));
}

interface Mask {
  readonly hard: boolean;
  readonly activeReference: boolean;
  readonly stoppedContainer: boolean;
}

interface Conflict {
  readonly message: string;
  readonly isUsed: boolean;
}

/** `left` are the names that the image would keep. */
export function findConflict(
  deps: RemoveDeps,
  image: StoredImage,
  left: readonly string[],
  mask: Mask,
): Conflict | undefined {
  const users = usersOf(deps, image);
  const running = users.find((user) => user.running);
  const stopped = users.find((user) => !user.running);
  const text = (how: string, why: string): string =>
    `conflict: unable to delete ${shortImageId(image.id)} (${how} be forced) - ${why}`;
  if (mask.hard && deps.images.children(image.id).length > 0) {
    return { message: text('cannot', 'image has dependent child images'), isUsed: false };
  }
  if (mask.hard && running !== undefined) {
    const message = text('cannot', `image is being used by running container ${shortId(running.id)}`);
    return { message, isUsed: true };
  }
  if (mask.activeReference && left.length > 0) {
    return { message: text('must', 'image is referenced in multiple repositories'), isUsed: false };
  }
  if (mask.stoppedContainer && stopped !== undefined) {
    const message = text('must', `image is being used by stopped container ${shortId(stopped.id)}`);
    return { message, isUsed: true };
  }
  return undefined;
}

/** Whether the names are at most one tag, and digests of its repository. */
function isSingleReference(names: readonly string[]): boolean {
  if (names.length <= 1) return true;
  const tags = names.filter(isTagged);
  if (tags.length > 1) return false;
  const repository = repositoryOf(tags[0] ?? names[0] ?? '');
  const digests = new Set(names.filter((name) => !isTagged(name)).map(repositoryOf));
  return digests.size === 1 && digests.has(repository);
}

function namesOf(image: StoredImage): readonly string[] {
  return [...image.names, ...image.repoDigests];
}

function isTagged(name: string): boolean {
  return !name.includes('@');
}

function repositoryOf(name: string): string {
  return repositoryName(parseReference(name));
}

function isIdPrefix(id: Digest, ref: string): boolean {
  return id.startsWith(ref) || digestHex(id).startsWith(ref);
}

function shortImageId(id: Digest): string {
  return shortId(digestHex(id));
}
