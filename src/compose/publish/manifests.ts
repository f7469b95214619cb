import { createHash } from 'node:crypto';
import type { Digest } from '../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE } from '../../spec/index.ts';
import { ANNOTATION, ARTIFACT } from '../remote/oci/artifact.ts';
import { COMPOSE_VERSION } from '../running/labels.ts';
import type { PublishedFile } from './published-files.ts';

/** A document or a file with its descriptor. */
export interface Blob {
  readonly descriptor: Descriptor;
  readonly content: Buffer;
}

export type OciVersion = '1.0' | '1.1';

export interface Artifact {
  readonly blobs: readonly Blob[];
  readonly manifest: Blob;
}

const EMPTY = Buffer.from('{}');

/**
 * The artifact of a project, byte for byte as docker compose 2.40 makes it. Its files are also within the manifest. In version 1.0 the
 * type of the config tells what it is.
 */
export function artifactOf(files: readonly PublishedFile[], version: OciVersion, now: Date): Artifact {
  const isTyped = version === '1.1';
  const configType = isTyped ? 'application/vnd.oci.empty.v1+json' : ARTIFACT.config;
  const config = blob({ mediaType: configType, content: EMPTY });
  const layers = files.map(blob);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      ...(isTyped ? { artifactType: ARTIFACT.type } : {}),
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
      annotations: { 'org.opencontainers.image.created': now.toISOString().replace(/\.\d+Z$/, 'Z') },
    }),
  );
  return {
    blobs: [config, ...layers],
    manifest: {
      descriptor: {
        ...facts(MEDIA_TYPE.ociManifest, manifest),
        annotations: { [ANNOTATION.version]: COMPOSE_VERSION },
        ...(isTyped ? { artifactType: ARTIFACT.type } : {}),
      },
      content: manifest,
    },
  };
}

/** The list of the images of an application, which refers to the project's manifest. */
export function imagesIndex(images: readonly Descriptor[], project: Descriptor): Blob {
  const annotations = { [ANNOTATION.version]: COMPOSE_VERSION };
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociIndex,
      manifests: images,
      subject: project,
      annotations,
    }),
  );
  return { descriptor: { ...facts(MEDIA_TYPE.ociIndex, content), annotations }, content };
}

function blob({
  mediaType,
  annotations,
  content,
}: Omit<PublishedFile, 'annotations'> & Partial<Pick<PublishedFile, 'annotations'>>): Blob {
  const notes = annotations === undefined ? {} : { annotations };
  return { descriptor: { ...facts(mediaType, content), ...notes, data: content.toString('base64') }, content };
}

function facts(mediaType: string, content: Buffer): Descriptor {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}` as Digest;
  return { mediaType, digest, size: content.length };
}
