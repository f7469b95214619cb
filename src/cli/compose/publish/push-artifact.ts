import { Readable } from 'node:stream';
import { type Artifact, artifactOf, type OciVersion, type PublishedFile } from '../../../compose/index.ts';
import { RegistryError, type Repository } from '../../../distribution/index.ts';

/**
 * Pushes a project under a tag. Without a version it is that of OCI 1.1, or 1.0 where the registry does not take it. Resolves with what
 * the registry has. @throws EngineError
 */
export async function pushArtifact(
  repository: Repository,
  {
    files,
    tag,
    version,
  }: { readonly files: readonly PublishedFile[]; readonly tag: string; readonly version?: OciVersion },
  signal: AbortSignal,
): Promise<Artifact> {
  const push = (chosen: OciVersion): Promise<Artifact> =>
    put(repository, artifactOf(files, chosen, new Date()), tag, signal);
  if (version !== undefined) return push(version);
  try {
    return await push('1.1');
  } catch (error) {
    if (!(error instanceof RegistryError) || !isRefusal(error.status)) throw error;
    return push('1.0');
  }
}

async function put(repository: Repository, artifact: Artifact, tag: string, signal: AbortSignal): Promise<Artifact> {
  for (const { descriptor, content } of artifact.blobs) {
    const open = (offset: number): Readable => Readable.from([content.subarray(offset)]);
    const plain = { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
    await repository.upload({ descriptor: plain, mountFrom: [], open, progress: () => {} }, signal);
  }
  const { descriptor, content } = artifact.manifest;
  await repository.putManifest(tag, { mediaType: descriptor.mediaType, bytes: content }, signal);
  return artifact;
}

/** Whether the registry refuses what it was sent, and not who sent it. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 403, 407].includes(status);
}
