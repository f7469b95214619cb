import { createHash } from 'node:crypto';
import { EngineError, invalid } from '../../base/errors.ts';
import { type Digest, parseDigest } from '../../base/ids.ts';
import {
  type Descriptor,
  hostPlatform,
  type Manifest,
  type Platform,
  parseImageConfig,
  parseIndex,
  parseManifest,
  platformRank,
} from '../../spec/index.ts';
import type { SessionContent } from './session.ts';

/** An image of an OCI layout that a client has, for one platform. Its layers are still there. */
export interface LayoutImage {
  readonly manifest: Manifest;
  /** The configuration as it is stored. */
  readonly config: Buffer;
  readonly diffIds: readonly Digest[];
}

const DOCUMENT_BYTES_MAX = 8 << 20;
/** An index may have another one for each of several images. */
const INDEXES_MAX = 4;

/**
 * Reads the documents of an image: `digest` is that of a manifest or of an index. Each is checked against its digest.
 * @throws EngineError notFound, invalid, tooLarge
 */
export async function readLayoutImage(
  store: SessionContent,
  { digest, platform = hostPlatform() }: { readonly digest: Digest; readonly platform: Platform | undefined },
  signal: AbortSignal,
): Promise<LayoutImage> {
  let at = digest;
  for (let left = INDEXES_MAX; left > 0; left -= 1) {
    const document = parse(await readDocument(store, at, signal));
    if (typeof document !== 'object' || document === null || !('manifests' in document)) {
      const manifest = parseManifest(document);
      const config = await readDocument(store, parseDigest(manifest.config.digest), signal);
      const diffIds = parseImageConfig(parse(config)).rootfs.diff_ids;
      if (diffIds.length !== manifest.layers.length) {
        throw invalid("layers from manifest don't match image configuration");
      }
      return { manifest, config, diffIds };
    }
    at = parseDigest(best(parseIndex(document).manifests, platform).digest);
  }
  throw invalid(`${digest} has indexes without end`);
}

/** @throws EngineError notFound */
function best(manifests: readonly Descriptor[], platform: Platform): Descriptor {
  const [found] = manifests
    .map((entry) => ({ entry, rank: entry.platform === undefined ? 0 : platformRank(platform, entry.platform) }))
    .flatMap(({ entry, rank }) => (rank === undefined ? [] : { entry, rank }))
    .toSorted((a, b) => b.rank - a.rank);
  if (found === undefined) throw new EngineError('notFound', `no match for platform in manifest: not found`);
  return found.entry;
}

async function readDocument(store: SessionContent, digest: Digest, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of (await store.open(digest, signal)) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > DOCUMENT_BYTES_MAX) throw new EngineError('tooLarge', `document ${digest} is too large`);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const [algorithm = ''] = digest.split(':');
  const own = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (own !== digest) throw invalid(`document ${digest} has another digest: ${own}`);
  return bytes;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw invalid('a document of an image is no JSON', error);
  }
}
