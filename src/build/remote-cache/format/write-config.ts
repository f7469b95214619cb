import type { Digest } from '../../../base/ids.ts';
import type { CacheGraph, GraphRecord, RemoteLayer } from './cache-graph.ts';

/** The document of a cache, and the layers that it names, each place of its table once. */
export interface WrittenConfig {
  readonly bytes: Buffer;
  readonly layers: readonly RemoteLayer[];
}

/** Writes the document of a cache (`application/vnd.buildkit.cacheconfig.v0`). The same graph gives the same bytes. */
export function writeConfig({ records }: CacheGraph): WrittenConfig {
  const layers: RemoteLayer[] = [];
  const parents: number[] = [];
  const places = new Map<string, number>();
  const placeOf = (chain: readonly RemoteLayer[]): number => {
    let below = -1;
    for (const layer of chain) {
      const name = `${below} ${layer.descriptor.digest}`;
      const known = places.get(name) ?? layers.length;
      if (known === layers.length) {
        places.set(name, known);
        layers.push(layer);
        parents.push(below);
      }
      below = known;
    }
    return below;
  };
  const written = records.map((record) =>
    recordOf(record, record.result && { layer: placeOf(record.result.layers), createdAt: record.result.createdAt }),
  );
  const table = layers.map((layer, at) => ({
    blob: layer.descriptor.digest,
    parent: parents[at],
    annotations: {
      mediaType: layer.descriptor.mediaType,
      diffID: layer.diffId,
      size: layer.descriptor.size,
      createdAt: timeOf(layer.createdAt),
    },
  }));
  const document = { ...(table.length === 0 ? {} : { layers: table }), records: written };
  return { bytes: Buffer.from(JSON.stringify(document)), layers };
}

/**
 * Writes the records for an image's configuration: of their results those that are the image's first layers.
 * `diffIds` has the image's layers.
 */
export function writeInlineRecords({ records }: CacheGraph, diffIds: readonly Digest[]): Buffer {
  const written = records.map((record) => {
    const { result } = record;
    const isPrefix = result?.layers.every(({ diffId }, at) => diffId === diffIds[at]) === true;
    return recordOf(record, isPrefix ? { layer: result.layers.length - 1, createdAt: result.createdAt } : undefined);
  });
  return Buffer.from(JSON.stringify(written));
}

function recordOf(
  { digest, inputs }: GraphRecord,
  result: { readonly layer: number; readonly createdAt: number } | undefined,
): object {
  return {
    ...(result === undefined ? {} : { layers: [{ layer: result.layer, createdAt: timeOf(result.createdAt) }] }),
    digest,
    ...(inputs.length === 0 ? {} : { inputs: inputs.map((links) => links.map((link) => ({ link }))) }),
  };
}

/** RFC 3339. */
export function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
