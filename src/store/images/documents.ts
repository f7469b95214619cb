import { invalid, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import {
  type Descriptor,
  type ImageConfig,
  type Manifest,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';

/** A manifest with its config, both checked, as far as they do not change. */
export interface ImageDocuments {
  readonly id: Digest;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly blobs: readonly Digest[];
}

/** @throws EngineError invalid when a document is missing, broken, or layers and diffIDs do not match */
export function readDocuments(content: ContentStore, descriptor: Descriptor): ImageDocuments {
  try {
    const manifest = parseManifest(content.readJson(descriptor.digest));
    const config = parseImageConfig(content.readJson(manifest.config.digest));
    const [layers, diffIds] = [manifest.layers.length, config.rootfs.diff_ids.length];
    if (layers !== diffIds) throw invalid(`manifest has ${layers} layers, its config ${diffIds}`);
    return {
      id: manifest.config.digest,
      descriptor,
      manifest,
      config,
      blobs: [descriptor.digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)],
    };
  } catch (error) {
    throw invalid(`image ${descriptor.digest}: ${messageOf(error)}`, error);
  }
}

/** The blobs of a document that an index brings beside its images: its own, and those that it names unless they are documents. */
export function attachmentBlobs(content: ContentStore, { digest }: Descriptor): readonly Digest[] {
  const json = content.readJson(digest);
  if (typeof json === 'object' && json !== null && 'manifests' in json) {
    parseIndex(json);
    return [digest];
  }
  const { config, layers } = parseManifest(json);
  return [digest, config.digest, ...layers.map((layer) => layer.digest)];
}
