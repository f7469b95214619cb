import { Readable } from 'node:stream';
import { digestHex } from '../../../base/ids.ts';
import { PLAIN_TAR_ENTRY, TAR_END, tarEntryHeader, tarPaddingBytes } from '../../../io/index.ts';
import type { Descriptor, Manifest } from '../../../spec/index.ts';
import { familiarString, parseReference } from '../../../spec/index.ts';
import type { ContentStore } from '../../../store/index.ts';
import type { ComposedImage } from '../image/compose-image.ts';

export interface LayoutArchive {
  readonly image: ComposedImage;
  /** Canonical. */
  readonly names: readonly string[];
  /** Whether `docker load` of engines without OCI layouts reads it too. */
  readonly hasDockerManifest: boolean;
}

type Content = Pick<ContentStore, 'readJson' | 'open' | 'has' | 'sizeBytes'>;

/** An image as a tar of an OCI image layout. The same image gives the same bytes. */
export function layoutArchive(content: Content, archive: LayoutArchive): Readable {
  return Readable.from(layoutBytes(content, archive), { objectMode: false });
}

async function* layoutBytes(content: Content, archive: LayoutArchive): AsyncGenerator<Uint8Array, void, undefined> {
  const { image, hasDockerManifest } = archive;
  yield* folder('blobs/');
  yield* folder('blobs/sha256/');
  const blobs = layoutBlobs(content, image);
  for (const { digest } of blobs.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
    const size = content.sizeBytes(digest);
    yield header(blobPath(digest), size);
    for await (const chunk of content.open(digest)) yield chunk as Buffer;
    yield Buffer.alloc(tarPaddingBytes(size));
  }
  yield* file('index.json', indexOf(archive));
  if (hasDockerManifest) yield* file('manifest.json', dockerManifest(content, archive));
  yield* file('oci-layout', { imageLayoutVersion: '1.0.0' });
  yield TAR_END;
}

function blobPath(digest: Descriptor['digest']): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

/** Everything that an image consists of and that is here, each once: what is named before what names it. */
export function layoutBlobs(content: Content, image: ComposedImage): readonly Descriptor[] {
  const blobs = new Map([...blobsOf(content, image), image.target].map((blob) => [blob.digest, blob]));
  return [...blobs.values()].filter(({ digest }) => content.has(digest));
}

function* blobsOf(content: Content, { manifests, attachments }: ComposedImage): Generator<Descriptor> {
  for (const manifest of [...manifests, ...attachments]) {
    const { config, layers } = content.readJson(manifest.digest) as Manifest;
    yield config;
    yield* layers;
    yield manifest;
  }
}

function indexOf({ image: { target }, names }: LayoutArchive): object {
  const annotated = (name: string): object => ({
    ...target,
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tagOf(name) },
  });
  const manifests = names.length === 0 ? [target] : names.map(annotated);
  return { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
}

function tagOf(name: string): string {
  return parseReference(name).tag ?? 'latest';
}

function dockerManifest(content: Content, { image, names }: LayoutArchive): object {
  return image.manifests.map(({ digest }) => {
    const { config, layers } = content.readJson(digest) as Manifest;
    return {
      Config: blobPath(config.digest),
      RepoTags: names.map((name) => familiarString(parseReference(name))),
      Layers: layers.map((layer) => blobPath(layer.digest)),
    };
  });
}

function header(name: string, size: number): Uint8Array {
  return tarEntryHeader({ ...PLAIN_TAR_ENTRY, name, size, fileSize: size });
}

function* folder(name: string): Generator<Uint8Array> {
  yield tarEntryHeader({ ...PLAIN_TAR_ENTRY, name, type: 'directory', mode: 0o755 });
}

function* file(name: string, value: object): Generator<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify(value));
  yield header(name, bytes.length);
  yield bytes;
  yield Buffer.alloc(tarPaddingBytes(bytes.length));
}
