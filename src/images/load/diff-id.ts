import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../../base/ids.ts';
import { decompress } from '../../io/index.ts';
import type { Descriptor } from '../../spec/index.ts';
import type { ContentStore } from '../../store/index.ts';

/**
 * Computes the digest of a layer's uncompressed content. Reads all of it. @throws EngineError invalid for broken data;
 * tooLarge beyond `maxBytes`
 */
export async function createDiffId(content: ContentStore, layer: Descriptor, maxBytes: number): Promise<Digest> {
  const hash = createHash('sha256');
  const { stream } = await decompress(content.open(layer.digest), maxBytes);
  for await (const chunk of stream) hash.update(chunk);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}
