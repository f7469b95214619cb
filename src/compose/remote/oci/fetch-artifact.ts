import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBoundedJson } from '../../../base/bounded-json.ts';
import { EngineError, invalid, messageOf } from '../../../base/errors.ts';
import {
  canonicalString,
  type Descriptor,
  type Manifest,
  MEDIA_TYPE,
  parseIndex,
  parseManifest,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../../spec/index.ts';
import type { FetchedRemote } from '../../load/world.ts';
import { type Cache, cached } from '../cached.ts';
import { OCI_PREFIX } from '../remote-address.ts';
import { ARTIFACT, PROJECT_FILE } from './artifact.ts';
import { type ArtifactLayer, artifactFiles, checkArtifact } from './artifact-files.ts';

/** What fetching needs of a repository in a registry. */
export interface ArtifactSource {
  /** By tag or digest, verified. @throws EngineError */
  manifest(
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes: Buffer }>;
  /** Writes a blob, and no more bytes than its descriptor says. @throws EngineError */
  download(
    blob: Descriptor,
    sink: { readonly offset: number; write(chunk: Uint8Array): Promise<void> },
    signal: AbortSignal,
  ): Promise<void>;
}

interface OciPlace {
  readonly cache: Cache;
  readonly open: (reference: Reference) => Promise<ArtifactSource>;
}

/** Fetches the artifact that `oci://registry/name:tag` names into the cache. @throws EngineError */
export async function fetchArtifact(
  { cache, open }: OciPlace,
  address: string,
  signal: AbortSignal,
): Promise<FetchedRemote> {
  const reference = withDefaultTag(parseReference(address.slice(OCI_PREFIX.length)));
  const name = canonicalString(reference);
  try {
    const source = await open(reference);
    const found = await source.manifest(reference.digest ?? reference.tag ?? 'latest', signal);
    const root = await cached(cache, {
      name: found.descriptor.digest.slice(found.descriptor.digest.indexOf(':') + 1),
      isComplete: (folder) => existsSync(join(folder, PROJECT_FILE)),
      fill: async (folder) => {
        const manifest = await projectManifest(source, found, { name, signal });
        checkArtifact(manifest, name);
        const layers: ArtifactLayer[] = [];
        for (const descriptor of manifest.layers)
          layers.push({ descriptor, content: await readBlob(source, descriptor, signal) });
        for (const [file, content] of artifactFiles(layers))
          await writeFile(join(folder, file), content, { mode: 0o600, flag: 'wx' });
      },
    });
    return { root, file: join(root, PROJECT_FILE) };
  } catch (error) {
    signal.throwIfAborted();
    const kind = error instanceof EngineError ? error.kind : 'failed';
    throw new EngineError(kind, `failed to pull OCI resource "${name}": ${messageOf(error)}`, { cause: error });
  }
}

const INDEXES: readonly string[] = [MEDIA_TYPE.ociIndex, MEDIA_TYPE.dockerList];

/** An application is an index of which one manifest is the project's. */
async function projectManifest(
  source: ArtifactSource,
  { descriptor, bytes }: { readonly descriptor: Descriptor; readonly bytes: Buffer },
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<Manifest> {
  if (!INDEXES.includes(descriptor.mediaType)) return parseManifest(parseBoundedJson(bytes));
  const { manifests } = parseIndex(parseBoundedJson(bytes));
  const project = manifests.findLast(({ artifactType }) => artifactType === ARTIFACT.type);
  if (project === undefined) throw invalid(`OCI index ${name} doesn't refer to compose artifacts`);
  return parseManifest(parseBoundedJson((await source.manifest(project.digest, signal)).bytes));
}

async function readBlob(source: ArtifactSource, blob: Descriptor, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let offset = 0;
  const sink = {
    get offset() {
      return offset;
    },
    async write(chunk: Uint8Array) {
      offset += chunk.length;
      if (offset > blob.size) throw invalid(`the layer ${blob.digest} has more than ${blob.size} bytes`);
      parts.push(Buffer.from(chunk)); // The chunk's memory is used again.
    },
  };
  await source.download(blob, sink, signal);
  const content = Buffer.concat(parts);
  const [algorithm = ''] = blob.digest.split(':');
  if (`${algorithm}:${createHash(algorithm).update(content).digest('hex')}` !== blob.digest)
    throw invalid(`the registry sent a layer whose digest is not ${blob.digest}`);
  return content;
}
