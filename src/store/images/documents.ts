import { invalid, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import {
  type Descriptor,
  type ImageConfig,
  type Manifest,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from '../../spec/index.ts';
import type { ContentStore } from '../content/index.ts';

/** The manifest and config of an image, both checked. They never change. */
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

/**
 * The blobs of an attachment of an index: the document itself, and the blobs that it names, unless those are documents.
 */
export function attachmentBlobs(content: ContentStore, { digest }: Descriptor): readonly Digest[] {
  const json = content.readJson(digest);
  if (isObject(json) && 'manifests' in json) {
    parseIndex(json);
    return [digest];
  }
  const { config, layers } = parseManifest(json);
  return [digest, config.digest, ...layers.map((layer) => layer.digest)];
}
