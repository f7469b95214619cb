import * as z from 'zod/mini';
import { parseBoundedJson } from '../../../base/bounded-json.ts';
import { EngineError, invalid } from '../../../base/errors.ts';
import { type Digest, isDigest } from '../../../base/ids.ts';
import type { CacheGraph, GraphRecord, GraphResult, RemoteLayer } from './cache-graph.ts';
import { inTurns } from './in-turns.ts';

/** More layers than overlay mounts. */
const CHAIN_MAX = 500;
/** Layers of all results together. */
const CHAINS_MAX = 1_000_000;
/** A step has one record, and one for each sum of files that it reads. */
const RECORDS_MAX = 80_000;
/** Ways to one input of a record, the best first. The others are left out. */
const LINKS_MAX = 100;
/** Objects and lists. A step takes ten to fourteen. */
const CONTAINERS_MAX = 400_000;

/** Go writes null for an empty list. Items are checked one by one: a schema of the list would describe the fault of each. */
const list = z.optional(z.nullable(z.array(z.unknown())));
const place = z.optional(z.int());
const time = z.optional(z.string());

const config = z.object({ layers: list, records: list });
const tableEntry = z.object({ blob: z.string(), parent: place });
const cacheRecord = z.object({ digest: z.string(), layers: list, chains: list, inputs: list });
const recordLayer = z.object({ layer: place, createdAt: time });
const recordChain = z.object({ layers: list, createdAt: time });
const recordLink = z.object({ selector: z.optional(z.string()), link: place });

type List = z.infer<typeof list>;

/**
 * Reads the document of a cache (`application/vnd.buildkit.cacheconfig.v0`). `layerOf` returns the layer of a blob; a result
 * with a blob that it does not know is left out. @throws EngineError invalid
 */
export async function readConfig(
  bytes: Uint8Array,
  layerOf: (blob: string) => RemoteLayer | undefined,
): Promise<CacheGraph> {
  return await checked(async () => {
    const { layers, records } = z.parse(config, parsed(bytes));
    const table: { readonly layer: RemoteLayer | undefined; readonly parent: number }[] = [];
    await inTurns(layers ?? [], (item) => {
      const { blob, parent = 0 } = z.parse(tableEntry, item);
      table.push({ layer: layerOf(blob), parent });
    });
    return await graphOf(records, { chainOf: (at) => chainOf(table, at), layerAt: (at) => table[at]?.layer });
  });
}

/**
 * Reads the records in an image's configuration (`moby.buildkit.cache.v0`), whose layers are those of the image.
 * @throws EngineError invalid
 */
export async function readInlineRecords(bytes: Uint8Array, layers: readonly RemoteLayer[]): Promise<CacheGraph> {
  const chain = (at: number) => (at >= 0 && at < layers.length ? layers.slice(0, at + 1) : undefined);
  return await checked(() => graphOf(z.parse(list, parsed(bytes)), { chainOf: chain, layerAt: (at) => layers[at] }));
}

type Chain = readonly RemoteLayer[] | undefined;

interface Layers {
  /** The layer at a place with those below it. */
  readonly chainOf: (at: number) => Chain;
  readonly layerAt: (at: number) => RemoteLayer | undefined;
}

async function graphOf(given: List, { chainOf, layerAt }: Layers): Promise<CacheGraph> {
  let left = CHAINS_MAX;
  const resultOf = (chain: Chain, createdAt: string | undefined): GraphResult | undefined => {
    left -= chain?.length ?? 0;
    if (left < 0) throw invalid(`a cache whose results have more than ${CHAINS_MAX} layers`);
    return chain === undefined || chain.length === 0 || chain.length > CHAIN_MAX
      ? undefined
      : { layers: chain, createdAt: Date.parse(createdAt ?? '') || 0 };
  };
  const count = given?.length ?? 0;
  if (count > RECORDS_MAX) throw invalid(`a cache of more than ${RECORDS_MAX} records`);
  const records: GraphRecord[] = [];
  await inTurns(given ?? [], (item) => {
    const { digest, ...record } = z.parse(cacheRecord, item);
    if (!isDigest(digest)) throw invalid('a record of the cache has no digest');
    const [top] = items(recordLayer, record.layers?.slice(0, 1));
    const [chain] = items(recordChain, record.chains?.slice(0, 1));
    const chained = chain?.layers && items(z.int(), chain.layers).map(layerAt);
    const result =
      top === undefined
        ? resultOf(chained?.every((layer) => layer !== undefined) ? chained : undefined, chain?.createdAt)
        : resultOf(chainOf(top.layer ?? 0), top.createdAt);
    const inputs = items(list, record.inputs).map((links) =>
      // Keys with a selector are those of other builders.
      items(recordLink, links?.slice(0, LINKS_MAX)).flatMap(({ selector = '', link = 0 }) =>
        selector === '' ? [checkedLink(link, count)] : [],
      ),
    );
    records.push({ digest: digest as Digest, inputs, result });
  });
  return { records };
}

function checkedLink(link: number, count: number): number {
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

function parsed(bytes: Uint8Array): unknown {
  return parseBoundedJson(bytes, { containersMax: CONTAINERS_MAX });
}

/** @throws ZodError for the first item that is of another form */
function items<T>(schema: z.ZodMiniType<T>, given: List): readonly T[] {
  return (given ?? []).map((item) => z.parse(schema, item));
}

/** @throws EngineError invalid */
async function checked(read: () => Promise<CacheGraph>): Promise<CacheGraph> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'invalid') throw error;
    throw invalid('the configuration of the cache is malformed', error);
  }
}
