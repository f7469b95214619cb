import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { EngineError } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type Descriptor, MEDIA_TYPE } from '../../spec/index.ts';
import { keyOf, type RecordKey } from '../solver/index.ts';
import { collectRecords } from './export/collect-records.ts';
import type { CacheGraph, RemoteLayer } from './format/cache-graph.ts';
import { CACHE_CONFIG_TYPE, UNCOMPRESSED } from './format/names.ts';
import { readConfig, readInlineRecords } from './format/read-config.ts';
import { indexRecords } from './format/record-index.ts';
import { writeConfig, writeInlineRecords } from './format/write-config.ts';
import { type CacheSource, folderSource } from './import/cache-source.ts';
import { readCache } from './import/read-cache.ts';

const never = new AbortController().signal;
const sha = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const layer = (name: string): RemoteLayer => ({
  descriptor: { mediaType: MEDIA_TYPE.ociLayerGzip, digest: sha(name), size: name.length },
  diffId: sha(`plain ${name}`),
  createdAt: 1_000,
  description: '',
});
const key = (op: string, inputs: readonly Digest[]): RecordKey => ({
  key: keyOf(sha(op), inputs),
  op: sha(op),
  inputs,
});

/** A copy that two contexts led to, and a step after it. */
const base = sha('base');
const [bySum, byContext] = [key('copy', [base, sha('sum')]), key('copy', [base, sha('context')])];
const after = key('run', [bySum.key]);
const keysOf = (id: Digest): readonly RecordKey[] =>
  id === after.key ? [after] : id === bySum.key ? [byContext, bySum] : [];
const [one, two] = [layer('one'), layer('two')];

function exported(): CacheGraph {
  const results = new Map([
    [bySum.key, [one]],
    [after.key, [one, two]],
  ]);
  const records = collectRecords([after.key], keysOf).map(({ id, digest, inputs }) => {
    const layers = results.get(id);
    return { digest, inputs, result: layers && { layers, createdAt: 2_000 } };
  });
  return { records };
}

test('another machine computes the same keys from an exported cache', async () => {
  const { bytes, layers } = writeConfig(exported());
  assert.deepEqual(layers, [one, two]);
  const byBlob = new Map(layers.map((each) => [each.descriptor.digest as string, each]));
  const { ids, results, keys } = await indexRecords(await readConfig(bytes, (blob) => byBlob.get(blob)));
  assert.deepEqual([ids.get(bySum.key), ids.get(byContext.key), ids.get(after.key)], [bySum.key, bySum.key, after.key]);
  assert.deepEqual(results.get(after.key), { layers: [one, two], createdAt: 2_000 });
  assert.equal(ids.get(base), base, 'a source is known by its digest');
  assert.deepEqual(keys.get(after.key), [after]);
});

test('a record that is known here by another id leads on to later steps', async () => {
  const local = sha('random');
  const { ids } = await indexRecords(exported(), (each) => (each === bySum.key ? local : undefined));
  assert.equal(ids.get(keyOf(sha('run'), [local])), after.key);
});

test("an image's configuration has the records whose results are its first layers", async () => {
  const graph = exported();
  const records = writeInlineRecords(graph, [one.diffId, layer('other').diffId]);
  const { results } = await indexRecords(await readInlineRecords(records, [one, layer('other')]));
  assert.deepEqual([...results.keys()], [bySum.key]);
});

test('a circle of records is cut at the export, and refused at the import', async () => {
  const [x, y] = [sha('x'), sha('y')];
  const circle = (id: Digest): readonly RecordKey[] => (id === x ? [key('a', [y])] : id === y ? [key('b', [x])] : []);
  await indexRecords({ records: collectRecords([x], circle) });
  const looping = {
    records: [
      { digest: x, inputs: [[{ link: 1 }]] },
      { digest: y, inputs: [[{ link: 0 }]] },
    ],
  };
  const read = await readConfig(json(looping), () => undefined);
  await assert.rejects(indexRecords(read), { kind: 'invalid', message: 'invalid looping record' });
});

const LINKS = Array.from({ length: 40 }, (_, at) => ({ link: at }));
const many = (record: object, count: number): object[] => Array.from({ length: count }, () => record);
const HOSTILE: readonly (readonly [string, unknown, RegExp])[] = [
  ['a link to nowhere', { records: [{ digest: base, inputs: [[{ link: 7 }]] }] }, /invalid record ID: 7/],
  ['a record without a digest', { records: [{ digest: 'md5:1' }] }, /no digest/],
  [
    'layers that stand on each other',
    { layers: [{ blob: one.descriptor.digest }], records: [{ digest: base, layers: [{ layer: 0 }] }] },
    /looping layer/,
  ],
  ['a layer that is none', { records: [{ digest: base, layers: [{ layer: 3 }] }] }, /invalid layer index 3/],
  ['many objects', { records: many({}, 60_000) }, /malformed/],
  [
    'objects without number',
    { records: many({ digest: base, other: many({}, 9) }, 40_001) },
    /more than 400000 objects/,
  ],
  ['records without number', { records: many({ digest: base }, 80_001) }, /more than 80000 records/],
  ['a number in place of a list', { records: 7 }, /malformed/],
  [
    'results that repeat long chains',
    {
      layers: Array.from({ length: 400 }, (_, at) => ({ blob: one.descriptor.digest, parent: at - 1 })),
      records: many({ digest: base, layers: [{ layer: 399 }] }, 2_600),
    },
    /more than 1000000 layers/,
  ],
];

for (const [name, document, problem] of HOSTILE) {
  test(`a cache with ${name} is refused`, async () => {
    const read = async () => await indexRecords(await readConfig(json(document), () => one));
    await assert.rejects(read(), { kind: 'invalid', message: problem });
  });
}

test('records with many ways have only some of their keys', async () => {
  const ways = (count: number) => LINKS.slice(0, count);
  const records = [
    ...LINKS.map(({ link }) => ({ digest: sha(String(link)) })),
    ...Array.from({ length: 4_000 }, (_, at) => ({ digest: sha(`op ${at}`), inputs: [LINKS] })),
    ...Array.from({ length: 2_000 }, (_, at) => ({ digest: sha(`two ${at}`), inputs: [ways(8), ways(8)] })),
  ];
  const { keys, ids } = await indexRecords(await readConfig(json({ records }), () => one));
  const count = [...keys.values()].reduce((sum, each) => sum + each.length, 0);
  assert.ok(count > 100_000 && count <= 200_000, `${count} keys`);
  // The best way of each is among them.
  for (let at = 0; at < 2_000; at += 1) assert.ok(ids.has(keyOf(sha(`two ${at}`), [sha('0'), sha('0')])));
});

test('a cache of 20,000 steps is read whole', async () => {
  const chain = (at: number) => Array.from({ length: (at % 20) + 1 }, (_, below) => layer(`${at - (at % 20) + below}`));
  const records = Array.from({ length: 20_000 }, (_, at) => [
    { digest: sha(`files ${at}`), inputs: [] },
    {
      digest: sha(`op ${at}`),
      inputs: [[Math.max(0, at * 2 - 1)], [at * 2]],
      result: { layers: chain(at), createdAt: 1 },
    },
  ]).flat();
  const { bytes, layers } = writeConfig({ records });
  const listed = layers.map(({ descriptor, diffId }) => ({
    ...descriptor,
    annotations: { [UNCOMPRESSED]: diffId, 'buildkit/createdat': new Date(0).toISOString() },
  }));
  const manifest = manifestOf(bytes, listed);
  const { graphs } = await readCache(folder([bytes, manifest])(sha(manifest)), never);
  const { results } = await indexRecords(graphs[0] ?? { records: [] });
  assert.equal(results.size, 20_000);
});

test('a result whose blob is missing is no result, and keys of other builders lead nowhere', async () => {
  const document = {
    layers: [{ blob: one.descriptor.digest, parent: -1 }],
    records: [
      { digest: base, layers: [{ layer: 0 }] },
      { digest: sha('copy'), inputs: [[{ link: 0, selector: base }], null] },
    ],
  };
  const { results, ids } = await indexRecords(await readConfig(json(document), () => undefined));
  assert.deepEqual([results.size, [...ids.keys()]], [0, [base]]);
});

/** A folder of a client with these documents. */
function folder(documents: readonly Buffer[]): (digest: Digest) => CacheSource {
  const byDigest = new Map(documents.map((bytes) => [sha(bytes) as string, bytes]));
  const found = (digest: string): Buffer => {
    const bytes = byDigest.get(digest);
    if (bytes === undefined) throw new EngineError('notFound', `content ${digest}: not found`);
    return bytes;
  };
  const content = {
    sizeBytes: async (digest: string) => found(digest).length,
    open: async (digest: string) => (await import('node:stream')).Readable.from([found(digest)]),
    write: async () => {},
  };
  return (digest) => folderSource(content, digest);
}

function manifestOf(config: Buffer, layers: readonly object[] = [], size = config.length): Buffer {
  return json({ schemaVersion: 2, config: { mediaType: CACHE_CONFIG_TYPE, digest: sha(config), size }, layers });
}

test('documents of a cache are checked against their digests and sizes', async () => {
  const config = writeConfig(exported()).bytes;
  const described = ({ descriptor, diffId }: RemoteLayer): Descriptor => ({
    ...descriptor,
    annotations: { 'containerd.io/uncompressed': diffId },
  });
  const good = manifestOf(config, [described(one), described(two)]);
  const { graphs } = await readCache(folder([config, good])(sha(good)), never);
  assert.equal(graphs[0]?.records.filter(({ result }) => result !== undefined).length, 2);

  const short = manifestOf(config, [], config.length - 1);
  await assert.rejects(readCache(folder([config, short])(sha(short)), never), { kind: 'invalid' });
  const huge = manifestOf(config, [], 2 ** 40);
  await assert.rejects(readCache(folder([config, huge])(sha(huge)), never), { kind: 'tooLarge' });
  await assert.rejects(readCache(folder([good])(sha(good)), never), { kind: 'notFound' });
  const other = Buffer.from('[');
  await assert.rejects(readCache(folder([other])(sha(other)), never), { kind: 'invalid' });
});
