import type { Digest } from '../../base/ids.ts';
import { digestHex } from '../../base/ids.ts';
import { type Descriptor, familiarName, familiarString, parseReference, type Reference } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import { SOURCE_ANNOTATION } from '../model/source-annotation.ts';

/** One target in the archive's documents. */
export interface SavedTarget {
  /** The descriptor in index.json: the image's target, or its manifest when one platform was requested. */
  readonly descriptor: Descriptor;
  /** The image that manifest.json describes, for readers that do not know indexes. */
  readonly image: StoredImage;
  /** In canonical form, with a tag. */
  readonly names: readonly string[];
}

/** Path of a blob in the archive (OCI image-layout.md). */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.slice(0, digest.indexOf(':'))}/${digestHex(digest)}`;
}

/**
 * The documents beside the blobs: those of an OCI layout, and `manifest.json` and `repositories` for readers of
 * Docker's own form (moby, image/spec/v1.2.md), which find their files under the layout's blobs.
 */
export function archiveDocuments(targets: readonly SavedTarget[]): { readonly path: string; readonly text: string }[] {
  const repositories = repositoriesOf(targets);
  return [
    { path: 'oci-layout', text: '{"imageLayoutVersion":"1.0.0"}' },
    {
      path: 'index.json',
      text: JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: targets.flatMap(indexEntries),
      }),
    },
    { path: 'manifest.json', text: JSON.stringify(manifestItems(targets)) },
    ...(Object.keys(repositories).length === 0 ? [] : [{ path: 'repositories', text: JSON.stringify(repositories) }]),
  ];
}

/** A target is listed once per name. */
function indexEntries({ descriptor, image, names }: SavedTarget): Descriptor[] {
  const { annotations: _own, ...plain } = descriptor;
  const sources = sourcesOf(descriptor, image.repoDigests.map(parseReference));
  const entry = (annotations: Readonly<Record<string, string>>): Descriptor =>
    Object.keys(annotations).length === 0 ? plain : { ...plain, annotations };
  if (names.length === 0) return [entry(sources)];
  return names.map((name) =>
    entry({
      ...sources,
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': parseReference(name).tag ?? '',
    }),
  );
}

/** The repositories that are known to have it, by registry. */
function sourcesOf({ digest }: Descriptor, known: readonly Reference[]): Record<string, string> {
  const sources: Record<string, string> = {};
  for (const reference of known) {
    if (reference.digest !== digest) continue;
    const key = SOURCE_ANNOTATION + reference.domain;
    sources[key] = sources[key] === undefined ? reference.path : `${sources[key]},${reference.path}`;
  }
  return sources;
}

function manifestItems(targets: readonly SavedTarget[]): object[] {
  const saved = new Set(targets.map(({ image }) => image.id));
  return targets.map(({ image, names }) => ({
    Config: blobPath(image.manifest.config.digest),
    RepoTags: names.length === 0 ? null : names.map((name) => familiarString(parseReference(name))),
    Layers: image.manifest.layers.map(({ digest }) => blobPath(digest)),
    ...(image.parent !== undefined && saved.has(image.parent) ? { Parent: image.parent } : {}),
  }));
}

/** Maps name to tag to the top layer. An image without layers is omitted. */
function repositoriesOf(targets: readonly SavedTarget[]): Record<string, Record<string, string>> {
  const repositories = new Map<string, [string, string][]>();
  for (const { image, names } of targets) {
    const top = image.manifest.layers.at(-1);
    if (top === undefined) continue;
    for (const reference of names.map(parseReference)) {
      const repository = familiarName(reference);
      const tags = repositories.get(repository) ?? [];
      tags.push([reference.tag ?? '', digestHex(top.digest)]);
      repositories.set(repository, tags);
    }
  }
  return Object.fromEntries([...repositories].map(([name, tags]) => [name, Object.fromEntries(tags)]));
}
