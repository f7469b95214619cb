import * as z from 'zod/mini';
import { parseBoundedJson } from '../../../base/bounded-json.ts';
import { invalid } from '../../../base/errors.ts';
import { type Digest, isDigest } from '../../../base/ids.ts';
import type { CacheGraph, GraphRecord, GraphResult, RemoteLayer } from './cache-graph.ts';

/** More layers than overlay mounts. */
const CHAIN_MAX = 500;
/** Layers of all results together. */
const CHAINS_MAX = 200_000;

/** Go writes null for an empty list. */
const listOf = <T extends z.ZodMiniType>(item: T) => z.optional(z.nullable(z.array(item)));
const place = z.optional(z.int());
const time = z.optional(z.string());

const records = listOf(
  z.object({
    digest: z.string(),
    layers: listOf(z.object({ layer: place, createdAt: time })),
    chains: listOf(z.object({ layers: listOf(z.int()), createdAt: time })),
    inputs: listOf(z.nullable(z.array(z.object({ selector: z.optional(z.string()), link: place })))),
  }),
);
const config = z.object({ layers: listOf(z.object({ blob: z.string(), parent: place })), records });

type Records = z.infer<typeof records>;

/**
 * Reads the document of a cache (`application/vnd.buildkit.cacheconfig.v0`). `layerOf` returns the layer of a blob; a result
 * with a blob that it does not know is left out. @throws EngineError invalid
 */
export function readConfig(bytes: Uint8Array, layerOf: (blob: string) => RemoteLayer | undefined): CacheGraph {
  const { layers, records: given } = parsed(config, bytes);
  const table = (layers ?? []).map(({ blob, parent = 0 }) => ({ layer: layerOf(blob), parent }));
  return graphOf(given, { chainOf: (at) => chainOf(table, at), layerAt: (at) => table[at]?.layer });
}

/**
 * Reads the records in an image's configuration (`moby.buildkit.cache.v0`), whose layers are those of the image.
 * @throws EngineError invalid
 */
export function readInlineRecords(bytes: Uint8Array, layers: readonly RemoteLayer[]): CacheGraph {
  const chain = (at: number) => (at >= 0 && at < layers.length ? layers.slice(0, at + 1) : undefined);
  return graphOf(parsed(records, bytes), { chainOf: chain, layerAt: (at) => layers[at] });
}

type Chain = readonly RemoteLayer[] | undefined;

interface Layers {
  /** The layer at a place with those below it. */
  readonly chainOf: (at: number) => Chain;
  readonly layerAt: (at: number) => RemoteLayer | undefined;
}

function graphOf(given: Records, { chainOf, layerAt }: Layers): CacheGraph {
  let left = CHAINS_MAX;
  const resultOf = (chain: Chain, createdAt: string | undefined): GraphResult | undefined => {
    left -= chain?.length ?? 0;
    if (left < 0) throw invalid(`a cache whose results have more than ${CHAINS_MAX} layers`);
    return chain === undefined || chain.length === 0 || chain.length > CHAIN_MAX
      ? undefined
      : { layers: chain, createdAt: Date.parse(createdAt ?? '') || 0 };
  };
  const all = given ?? [];
  return {
    records: all.map((record): GraphRecord => {
      if (!isDigest(record.digest)) throw invalid('a record of the cache has no digest');
      const [top] = record.layers ?? [];
      const [chain] = record.chains ?? [];
      const chained = chain?.layers?.map(layerAt);
      const result =
        top === undefined
          ? resultOf(chained?.every((layer) => layer !== undefined) ? chained : undefined, chain?.createdAt)
          : resultOf(chainOf(top.layer ?? 0), top.createdAt);
      const inputs = (record.inputs ?? []).map((links) =>
        // Keys with a selector are those of other builders.
        (links ?? []).flatMap(({ selector = '', link = 0 }) => (selector === '' ? [checked(link, all.length)] : [])),
      );
      return { digest: record.digest as Digest, inputs, result };
    }),
  };
}

function checked(link: number, count: number): number {
  if (link < 0 || link >= count) throw invalid(`invalid record ID: ${link}`);
  return link;
}

function chainOf(
  table: readonly { readonly layer: RemoteLayer | undefined; readonly parent: number }[],
  top: number,
): Chain {
  const chain: RemoteLayer[] = [];
  for (let at = top; at !== -1; ) {
    const entry = table[at];
    if (entry === undefined) throw invalid(`invalid layer index ${at}`);
    if (entry.layer === undefined) return undefined;
    chain.push(entry.layer);
    if (chain.length > CHAIN_MAX) throw invalid('invalid looping layer: a chain of layers has no end');
    at = entry.parent;
  }
  return chain.reverse();
}

function parsed<T>(schema: z.ZodMiniType<T>, bytes: Uint8Array): T {
  try {
    return z.parse(schema, parseBoundedJson(bytes));
  } catch (error) {
    throw invalid('the configuration of the cache is malformed', error);
  }
}
