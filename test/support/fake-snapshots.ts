import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { conflict, EngineError, invalid, notFound } from '../../src/base/errors.ts';
import type { Digest } from '../../src/base/ids.ts';
import { decompress } from '../../src/io/index.ts';
import type { LayerKey, OwnedSnapshots } from '../../src/store/index.ts';

/** Snapshots that check layers as the real ones do, and keep a list instead of trees. */
export interface FakeSnapshots extends OwnedSnapshots {
  /** Set it to make unpacking this diffID fail. */
  failing: Digest | undefined;
  /** Number of unpacked layers. */
  unpacked: number;
}

export function fakeSnapshots(): FakeSnapshots {
  const layers = new Map<LayerKey, { key: LayerKey; diffIds: readonly Digest[]; sizeBytes: number }>();
  const writables = new Map<string, readonly LayerKey[]>();
  const chain = (diffIds: readonly Digest[]): readonly LayerKey[] =>
    diffIds.map((diffId) => {
      if (!layers.has(diffId as string as LayerKey)) throw notFound('layer', diffId);
      return diffId as string as LayerKey;
    });
  const fake: FakeSnapshots = {
    driver: 'vfs',
    failing: undefined,
    unpacked: 0,
    async unpack({ diffId }, source, signal) {
      const key = diffId as string as LayerKey;
      if (layers.has(key)) return key;
      const hash = createHash('sha256');
      let sizeBytes = 0;
      const { stream } = await decompress(createReadStream(source.path));
      for await (const chunk of stream) {
        hash.update(chunk);
        sizeBytes += chunk.length;
      }
      if (signal.aborted) throw new EngineError('cancelled', 'unpacking was cancelled');
      if (diffId === fake.failing) throw invalid('hostile layer');
      const actual = `sha256:${hash.digest('hex')}`;
      if (actual !== diffId) throw invalid(`the layer's digest is ${actual} instead of ${diffId}`);
      fake.unpacked += 1;
      layers.set(key, { key, diffIds: [diffId], sizeBytes });
      return key;
    },
    chain,
    async removeLayer(key) {
      if ([...writables.values()].some((keys) => keys.includes(key))) throw conflict('in use');
      layers.delete(key);
    },
    layersInUse: () => new Set([...writables.values()].flat()),
    layers: () => [...layers.values()],
    createWritable: async (id, diffIds) => void writables.set(id, chain(diffIds)),
    mount: async (id) => `/nowhere/${id}`,
    use: async (id) => ({ path: `/nowhere/${id}`, async [Symbol.asyncDispose]() {} }),
    unmount: async () => {},
    removeWritable: async (id) => void writables.delete(id),
    writables: () => [...writables.keys()],
    writableFolders: () => null,
    layerFolders: () => null,
    writableSize: async () => 0,
    swept: async () => {},
    async [Symbol.asyncDispose]() {},
  };
  return fake;
}
