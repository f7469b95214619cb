import { createHash } from 'node:crypto';
import { type TarEntry, tarArchive } from './busybox-image.ts';

export const one = tarArchive([{ name: 'a', content: 'one' }]);
export const two = tarArchive([{ name: 'b', content: 'two' }]);
export const sha = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
export const json = (value: unknown): string => JSON.stringify(value);

export function config(layers: readonly Buffer[], extra: object = {}): string {
  const diffIds = layers.map((layer) => `sha256:${sha(layer)}`);
  return json({
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...extra,
  });
}

/** A docker-archive. A test may change every part of it. */
export function dockerArchive(
  change: { manifest?: unknown; config?: string; entries?: readonly TarEntry[]; first?: boolean } = {},
): Buffer {
  const image = change.config ?? config([one, two]);
  const manifest = change.manifest ?? [
    { Config: 'c.json', RepoTags: ['t/app:1'], Layers: ['1/layer.tar', '2/layer.tar'] },
  ];
  const layers = change.entries ?? [
    { name: '1/layer.tar', content: one },
    { name: '2/layer.tar', content: two },
  ];
  const documents = [
    { name: 'c.json', content: image },
    { name: 'manifest.json', content: typeof manifest === 'string' ? manifest : json(manifest) },
  ];
  return tarArchive(change.first === true ? [...documents, ...layers] : [...layers, ...documents]);
}

/** blobs/ and index.json of an OCI layout around manifests. */
export class Layout {
  readonly entries: TarEntry[] = [{ name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }];
  readonly listed: object[] = [];

  blob(content: string | Buffer, mediaType: string): { mediaType: string; digest: string; size: number } {
    this.entries.push({ name: `blobs/sha256/${sha(content)}`, content });
    return { mediaType, digest: `sha256:${sha(content)}`, size: Buffer.byteLength(content) };
  }

  image(layers: readonly Buffer[], image: string, stored: readonly Buffer[] = layers): ReturnType<Layout['blob']> {
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: this.blob(image, 'application/vnd.oci.image.config.v1+json'),
      layers: stored.map((layer) => this.blob(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    };
    return this.blob(json(manifest), manifest.mediaType);
  }

  index(manifests: readonly object[]): ReturnType<Layout['blob']> {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    return this.blob(json({ schemaVersion: 2, mediaType, manifests }), mediaType);
  }

  archive(...extra: TarEntry[]): Buffer {
    const index = { name: 'index.json', content: json({ schemaVersion: 2, manifests: this.listed }) };
    return tarArchive([...this.entries, index, ...extra]);
  }
}
