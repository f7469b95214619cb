import { EngineError, invalid } from '../../../base/errors.ts';
import type { Descriptor, Manifest } from '../../../spec/index.ts';
import { ANNOTATION, ARTIFACT, PROJECT_FILE } from './artifact.ts';

const BYTES_MAX = 32 << 20;

/** @throws EngineError for the manifest of something else, and for one that is too large */
export function checkArtifact({ artifactType = '', config, layers }: Manifest, name: string): void {
  const isProject = artifactType === '' ? config.mediaType === ARTIFACT.config : artifactType === ARTIFACT.type;
  if (!isProject)
    throw invalid(`${name} is not a compose project OCI artifact, but ${artifactType || config.mediaType}`);
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  if (bytes > BYTES_MAX) throw new EngineError('tooLarge', `${name} has more than ${BYTES_MAX >> 20} MiB`);
}

export interface ArtifactLayer {
  readonly descriptor: Descriptor;
  readonly content: Buffer;
}

const BETWEEN_DOCUMENTS = Buffer.from('\n---\n');

/**
 * The files of an artifact by their names, byte for byte those that docker compose writes: the Compose files become the documents of
 * one. @throws EngineError for a name that is not one of a file
 */
export function artifactFiles(layers: readonly ArtifactLayer[]): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const [index, { descriptor, content }] of layers.entries()) {
    const { mediaType, digest, annotations = {} } = descriptor;
    if (mediaType === ARTIFACT.composeFile) {
      const isBase = annotations[ANNOTATION.extends] !== undefined;
      const name = isBase ? checkedName(annotations[ANNOTATION.file], digest) : PROJECT_FILE;
      const between = index > 0 && annotations[ANNOTATION.file] !== undefined ? [BETWEEN_DOCUMENTS] : [];
      files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), ...between, content]));
    } else if (mediaType === ARTIFACT.envFile) files.set(checkedName(annotations[ANNOTATION.envFile], digest), content);
  }
  if (!files.has(PROJECT_FILE)) throw invalid('the artifact has no Compose file');
  return files;
}

function checkedName(name: string | undefined, digest: string): string {
  if (name === undefined) throw invalid(`the layer ${digest} has no annotation with the name of its file`);
  if (['', '.', '..', PROJECT_FILE].includes(name) || /[/\\\0]/.test(name) || name.length > 255)
    throw invalid(`the layer ${digest} has a file name that is not allowed: ${JSON.stringify(name)}`);
  return name;
}
