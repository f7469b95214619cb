import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import {
  type Descriptor,
  type Manifest,
  type Platform,
  parseIndex,
  parseManifest,
  platformRank,
} from '../../spec/index.ts';
import type { ContentStore } from '../../store/index.ts';

const NESTING_MAX = 4;
const SUBJECT = 'vnd.docker.reference.digest';

/** The parts of an index to save. */
export interface BlobSelection {
  /** Documents and layers of the images that are present. None of them may be missing. */
  readonly required: ReadonlySet<Digest>;
  /** Only these platforms of an index. Empty for all. */
  readonly platforms: readonly Platform[];
}

/**
 * Collects every blob under a target, each once, documents before the blobs that they name. Absent or unselected parts
 * of an index are omitted, as the layout allows. An attestation is saved with its manifest.
 * @throws EngineError notFound when a part of a present image is missing or damaged
 */
export function collectBlobs(
  content: Pick<ContentStore, 'has' | 'sizeBytes' | 'readJson'>,
  target: Descriptor,
  selection: BlobSelection,
): Map<Digest, number> {
  const blobs = new Map<Digest, number>();

  const visit = (descriptor: Descriptor, nesting: number): void => {
    if (!isHere(descriptor) || blobs.has(descriptor.digest)) return;
    if (nesting > NESTING_MAX) throw new EngineError('invalid', 'indexes are nested too deep');
    const json = content.readJson(descriptor.digest);
    if (isObject(json) && 'manifests' in json) {
      blobs.set(descriptor.digest, descriptor.size);
      for (const child of wanted(parseIndex(json).manifests)) visit(child, nesting + 1);
    } else addManifest(descriptor, parseManifest(json));
  };
  const addManifest = (descriptor: Descriptor, { config, layers }: Manifest): void => {
    const parts = [config, ...layers];
    if (!parts.every(isHere)) return;
    for (const { digest, size } of [descriptor, ...parts]) blobs.set(digest, size);
  };
  const isHere = ({ digest, size }: Descriptor): boolean => {
    if (content.has(digest) && content.sizeBytes(digest) === size) return true;
    if (!selection.required.has(digest)) return false;
    const what = content.has(digest) ? 'damaged' : 'missing';
    throw new EngineError('notFound', `blob ${digest} is ${what}: pull or load the image again`);
  };
  const wanted = (children: readonly Descriptor[]): readonly Descriptor[] => {
    const { platforms } = selection;
    if (platforms.length === 0) return children;
    const kept = children.filter(
      ({ platform }) => platform != null && platforms.some((each) => platformRank(each, platform) !== undefined),
    );
    const digests = new Set<string>(kept.map(({ digest }) => digest));
    return children.filter((child) => kept.includes(child) || digests.has(child.annotations?.[SUBJECT] ?? ''));
  };

  visit(target, 0);
  return blobs;
}
