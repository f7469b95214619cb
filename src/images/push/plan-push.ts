import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import { type Descriptor, type ImageConfig, type Manifest, parseIndex, parseManifest } from '../../spec/index.ts';
import type { ContentStore } from '../../store/index.ts';

/** The content to push, leaves first: blobs, then the documents that name them, the target last. */
export interface PushPlan {
  readonly target: Descriptor;
  /** Layers that are shown to the user, each once. */
  readonly layers: readonly PushedLayer[];
  /** Configs, and layers of attestations. */
  readonly others: readonly Descriptor[];
  /** Manifests and indexes under the target, children before parents. */
  readonly documents: readonly Descriptor[];
}

export interface PushedLayer {
  readonly blob: Descriptor;
  /** The layer's id in the output of `docker push`: its diffID, where the image's config has it. */
  readonly shownAs: Digest;
}

const NESTING_MAX = 4;

/** Returns undefined when content of the target is missing: platforms that were not pulled. */
export function planPush(content: ContentStore, target: Descriptor): PushPlan | undefined {
  const layers = new Map<Digest, PushedLayer>();
  const others = new Map<Digest, Descriptor>();
  const documents = new Map<Digest, Descriptor>();

  const visit = (descriptor: Descriptor, nesting: number): boolean => {
    if (!content.has(descriptor.digest)) return false;
    if (documents.has(descriptor.digest)) return true;
    if (nesting > NESTING_MAX) throw new EngineError('invalid', 'indexes are nested too deep');
    const json = content.readJson(descriptor.digest);
    if (isObject(json) && 'manifests' in json) {
      const { manifests } = parseIndex(json);
      if (!manifests.every((child) => visit(child, nesting + 1))) return false;
    } else if (!addManifest(parseManifest(json))) return false;
    documents.set(descriptor.digest, descriptor);
    return true;
  };
  const addManifest = (manifest: Manifest): boolean => {
    const blobs = [manifest.config, ...manifest.layers];
    if (!blobs.every(({ digest }) => content.has(digest))) return false;
    others.set(manifest.config.digest, manifest.config);
    const diffIds = diffIdsOf(content, manifest);
    manifest.layers.forEach((blob, index) => {
      const diffId = diffIds[index];
      if (diffId === undefined) others.set(blob.digest, blob);
      else layers.set(blob.digest, { blob, shownAs: diffId });
    });
    return true;
  };

  if (!visit(target, 0)) return undefined;
  documents.delete(target.digest);
  return { target, layers: [...layers.values()], others: [...others.values()], documents: [...documents.values()] };
}

function diffIdsOf(content: ContentStore, { config }: Manifest): readonly Digest[] {
  if (!/image/.test(config.mediaType ?? '')) return [];
  const json = content.readJson(config.digest) as Partial<ImageConfig> | null;
  return json?.rootfs?.diff_ids ?? [];
}
