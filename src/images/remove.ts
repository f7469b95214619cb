import { conflict } from '../base/errors.ts';
import { type Digest, digestHex, shortId } from '../base/ids.ts';
import { canonicalString, parseReference, repositoryName, withDefaultTag } from '../spec/index.ts';
import type { StoredImage } from '../store/index.ts';
import type { ImagesDeps } from './deps.ts';
import { imageEvent } from './image-event.ts';
import { familiar } from './inspect.ts';
import { chainIds } from './layer-chain.ts';

export type RemoveRecord = { readonly Untagged: string } | { readonly Deleted: string };

/**
 * Docker's rules (moby, daemon/images/image_delete.go). A name that is not the last one is only taken away. The last name,
 * or the id of an image with names in one repository, removes the image, and with `prune` its nameless parents.
 * Hard conflicts (children, running containers) hold against force, soft ones (several names, stopped containers) do not.
 * @throws EngineError notFound, conflict
 */
export async function removeImage(
  deps: ImagesDeps,
  ref: string,
  options: { readonly force: boolean; readonly prune: boolean },
): Promise<RemoveRecord[]> {
  const image = deps.images.resolve(ref);
  const records: RemoveRecord[] = [];
  let quiet = false;
  if (isIdPrefix(image.id, ref)) {
    if (isSingleReference(namesOf(image))) {
      checkConflicts(deps, image, { hard: true, activeReference: false, stoppedContainer: !options.force });
      for (const name of namesOf(image)) untag(deps, image, name, records);
    }
  } else {
    checkLastName(deps, image, ref, options.force);
    const left = untagByName(deps, image, ref, records);
    if (left.length > 0) return records;
    quiet = true;
  }
  await deleteImage(deps, image.id, { ...options, quiet, records });
  deps.settle();
  return records;
}

/** Taking the last name away would leave an image dangling under a container: only force does that. */
function checkLastName(deps: ImagesDeps, image: StoredImage, ref: string, force: boolean): void {
  if (force || !isSingleReference(namesOf(image))) return;
  const [user] = usersOf(deps, image);
  if (user === undefined) return;
  throw conflict(
    `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(user.id)} is using its referenced image ${shortImageId(image.id)}`,
  );
}

/** Takes the name away, and digests of a repository that has no tag left. Answers the names that remain. */
function untagByName(deps: ImagesDeps, image: StoredImage, ref: string, records: RemoveRecord[]): readonly string[] {
  const reference = withDefaultTag(parseReference(ref));
  const repository = repositoryName(reference);
  const name = reference.digest === undefined ? canonicalString(reference) : `${repository}@${reference.digest}`;
  untag(deps, image, name, records);
  const left = namesOf(image).filter((other) => other !== name);
  if (name.includes('@')) return left;
  if (left.some((other) => isTagged(other) && repositoryOf(other) === repository)) return left;
  const digests = left.filter((other) => repositoryOf(other) === repository);
  for (const digest of digests) untag(deps, image, digest, records);
  return left.filter((other) => !digests.includes(other));
}

function untag(deps: ImagesDeps, image: StoredImage, name: string, records: RemoveRecord[]): void {
  if (!deps.images.untag(name)) return;
  imageEvent(deps, 'untag', image);
  records.push({ Untagged: familiar(name) });
}

interface DeleteCall {
  readonly force: boolean;
  readonly prune: boolean;
  /** A name was taken away already: conflicts over what remains are no failure. */
  readonly quiet: boolean;
  readonly records: RemoveRecord[];
}

async function deleteImage(deps: ImagesDeps, id: Digest, call: DeleteCall): Promise<void> {
  const image = deps.images.get(id);
  if (image === undefined) return;
  const found = findConflict(deps, image, { hard: true, activeReference: !call.force, stoppedContainer: !call.force });
  if (found !== undefined) {
    const isDangling = namesOf(image).length === 0 && deps.images.children(id).length === 0;
    if (call.quiet && (!isDangling || found.isUsed)) return;
    throw conflict(found.message);
  }
  for (const name of namesOf(image)) untag(deps, image, name, call.records);
  const references = deps.images.referencesOf(id);
  deps.images.remove(id);
  imageEvent(deps, 'delete', image);
  const together = [id, ...image.siblings].map((each) => ({ Deleted: each }));
  call.records.push(...together, ...releasedLayers(deps, references.chains));
  await deps.collector.collect(references);
  const { parent } = image;
  if (call.prune && parent !== undefined) await deleteImage(deps, parent, { ...call, force: false, quiet: true });
}

/** ChainIDs that no image and no container stands on any more, top first. */
function releasedLayers(deps: ImagesDeps, chains: readonly (readonly Digest[])[]): RemoveRecord[] {
  const kept = new Set(deps.images.references().chains.flatMap((chain) => chainIds(chain)));
  const inUse = deps.snapshots.layersInUse();
  const released = new Set<Digest>();
  for (const chain of chains) {
    let heldUpTo = -1;
    try {
      heldUpTo = deps.snapshots.chain(chain).findLastIndex((key) => inUse.has(key));
    } catch {
      // Not unpacked as a whole: no container stands on it.
    }
    const ids = chainIds(chain);
    for (let index = ids.length - 1; index > heldUpTo; index--) {
      const id = ids[index];
      if (id !== undefined && !kept.has(id)) released.add(id);
    }
  }
  return [...released].map((id) => ({ Deleted: id }));
}

/** Containers of any platform of the image: all go together. */
function usersOf(
  { users }: ImagesDeps,
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

function checkConflicts(deps: ImagesDeps, image: StoredImage, mask: Mask): void {
  const found = findConflict(deps, image, mask);
  if (found !== undefined) throw conflict(found.message);
}

function findConflict(deps: ImagesDeps, image: StoredImage, mask: Mask): Conflict | undefined {
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
  if (mask.activeReference && namesOf(image).length > 0) {
    return { message: text('must', 'image is referenced in multiple repositories'), isUsed: false };
  }
  if (mask.stoppedContainer && stopped !== undefined) {
    const message = text('must', `image is being used by stopped container ${shortId(stopped.id)}`);
    return { message, isUsed: true };
  }
  return undefined;
}

/** At most one tag, and digests of its repository alone. */
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
