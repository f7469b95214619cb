import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { conflict, EngineError, invalid } from '../../src/base/errors.ts';
import { type Digest, digestHex } from '../../src/base/ids.ts';
import { FakeHost } from '../../src/containers/testing/fake-host.ts';
import { decompress } from '../../src/io/index.ts';
import type { LayerKey, OwnedSnapshots } from '../../src/store/index.ts';

/** Snapshots that check layers as the real ones do, and keep a list instead of trees. */
export interface FakeImageSnapshots extends OwnedSnapshots {
  /** Set it to make unpacking this diffID fail. */
  failing: Digest | undefined;
  /** Number of unpacked layers. */
  unpacked: number;
}

/** Snapshots for the stores: the fake of `containers`, with the methods that handle layers. A layer's key is its diffID. */
export function fakeImageSnapshots(): FakeImageSnapshots {
  const host = new FakeHost();
  const { layers, writables } = host;
  const inUse = (): ReadonlySet<LayerKey> => new Set([...writables.values()].flat().map(keyOf));
  const fake: FakeImageSnapshots = {
    ...host.daemon().snapshots,
    failing: undefined,
    unpacked: 0,
    async unpack({ diffId }, source, signal) {
      const key = keyOf(diffId);
      if (layers.has(diffId)) return key;
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
      layers.set(diffId, sizeBytes);
      return key;
    },
    async removeLayer(key) {
      if (inUse().has(key)) throw conflict(`layer ${key} is in use by a container`);
      layers.delete(diffIdOf(key));
    },
    layersInUse: inUse,
    layerFolders(diffIds) {
      const [top, ...lower] = diffIds.toReversed().map((diffId) => `/layers/${digestHex(diffId)}/fs`);
      if (top === undefined || !diffIds.every((diffId) => layers.has(diffId))) return null;
      return { UpperDir: top, ...(lower.length === 0 ? {} : { LowerDir: lower.join(':') }) };
    },
    swept: async () => {},
    async [Symbol.asyncDispose]() {},
  };
  return fake;
}

function keyOf(diffId: Digest): LayerKey {
  return diffId as string as LayerKey;
}

function diffIdOf(key: LayerKey): Digest {
  return key as string as Digest;
}
