import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { config, dockerArchive, json, Layout, one, sha, two } from '../../../test/support/archives.ts';
import { imageArchive, tarArchive } from '../../../test/support/busybox-image.ts';
import { fakeImageSnapshots } from '../../../test/support/fake-image-snapshots.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';
import type { Digest } from '../../base/ids.ts';
import { archiveEntries } from '../../io/index.ts';
import type { Platform } from '../../spec/index.ts';
import type { SavedArchive } from './save-images.ts';

const never = new AbortController().signal;

async function save(host: ImageHost, names: readonly string[], platforms: readonly Platform[] = []): Promise<Buffer> {
  await using archive = await host.images.save(names, { platforms });
  return await written(archive);
}

/** Copies each chunk, since its memory is reused. */
async function written(archive: SavedArchive): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await archive.writeTo(async (chunk) => void chunks.push(Buffer.from(chunk)), never);
  return Buffer.concat(chunks);
}

/** The archive's files by path. Blobs are represented by their size. */
async function filesOf(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const entry of archiveEntries(Readable.from([archive]))) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry.content) chunks.push(chunk);
    if (entry.type === 'file') files.set(entry.path, Buffer.concat(chunks));
  }
  return files;
}

async function documentOf<T>(archive: Buffer, path: string): Promise<T> {
  return JSON.parse(String((await filesOf(archive)).get(path))) as T;
}

interface Item {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

test('a saved image is loaded with its id, names, layers and manifest as they were', async () => {
  await using from = await imageHost();
  await from.load(dockerArchive());
  await from.images.tag('t/app:1', { repo: 'localhost:5000/app', tag: 'v' });
  const archive = await save(from, ['t/app:1', 'localhost:5000/app:v', 't/app:1']);
  const before = from.stores.images.resolve('t/app:1');
  await using to = await imageHost();
  assert.deepEqual(await to.load(archive), ['Loaded image: t/app:1', 'Loaded image: localhost:5000/app:v']);
  const after = to.stores.images.resolve('t/app:1');
  assert.deepEqual([after.id, after.target, after.names], [before.id, before.target, before.names]);
  assert.deepEqual((await to.leftovers()).sort(), (await from.leftovers()).sort());
  assert.ok((await save(to, ['t/app:1', 'localhost:5000/app:v'])).equals(archive), 'the same bytes each time');

  assert.deepEqual(await documentOf<Item[]>(archive, 'manifest.json'), [
    {
      Config: `blobs/sha256/${sha(config([one, two]))}`,
      RepoTags: ['t/app:1', 'localhost:5000/app:v'],
      Layers: [`blobs/sha256/${sha(one)}`, `blobs/sha256/${sha(two)}`],
    },
  ]);
  assert.deepEqual(await documentOf(archive, 'repositories'), {
    't/app': { 1: sha(two) },
    'localhost:5000/app': { v: sha(two) },
  });
});

test('compressed layers are saved as they are, and loaded from either half of the archive', async () => {
  for (const compress of [gzipSync, zstdCompressSync]) {
    const layout = new Layout();
    const manifest = layout.image([one], config([one]), [compress(one)]);
    layout.listed.push({ ...manifest, annotations: { 'io.containerd.image.name': 'docker.io/t/packed:1' } });
    await using host = await imageHost();
    await host.load(layout.archive());
    const archive = await save(host, ['t/packed:1']);
    await using again = await imageHost();
    await again.load(archive);
    assert.equal(again.stores.images.resolve('t/packed:1').target.digest, manifest.digest);
    // An engine that reads only manifest.json.
    const files = await filesOf(archive);
    const [item] = JSON.parse(String(files.get('manifest.json'))) as Item[];
    assert.deepEqual(
      item?.Layers.map((path) => files.get(path)?.equals(compress(one))),
      [true],
    );
  }
});

test('a name stands for itself, a repository for its tags, an id or digest for the image without names', async () => {
  await using host = await imageHost();
  for (const [tags, layer] of [
    [['t/a:1', 't/a:2', 't/b:1'], one],
    [['t/a:3', 't/a'], two],
  ] as const) {
    await host.load(
      imageArchive({
        tags: tags.map((tag) => (tag.includes(':') ? tag : `${tag}:latest`)),
        layers: [layer],
        config: {},
      }),
    );
  }
  const tagsOf = async (...names: string[]): Promise<(readonly string[] | null)[]> =>
    (await documentOf<Item[]>(await save(host, names), 'manifest.json')).map(({ RepoTags: tags }) => tags);
  const { id } = host.stores.images.resolve('t/b:1');
  assert.deepEqual(await tagsOf('t/a:2'), [['t/a:2']]);
  assert.deepEqual(await tagsOf('t/a'), [
    ['t/a:1', 't/a:2'],
    ['t/a:3', 't/a:latest'],
  ]);
  assert.deepEqual(await tagsOf(id), [null]);
  assert.deepEqual(await tagsOf(id.slice(7, 19)), [null]);
  assert.deepEqual(await tagsOf(id.slice(0, 19), 't/b:1'), [['t/b:1']]);
  assert.deepEqual(await tagsOf('t/b', 't/a:latest', 't/b:1'), [['t/b:1'], ['t/a:latest']]);
  assert.equal((await filesOf(await save(host, [id]))).has('repositories'), false);
  assert.ok(host.events.includes(`image save ${id.slice(7, 19)}`));
  for (const [name, message] of [
    ['t/none', /^No such image: t\/none:latest$/],
    ['t/a:9', /^No such image: t\/a:9$/],
    [`t/a@sha256:${'0'.repeat(64)}`, /^No such image: t\/a@sha256:0/],
    ['0'.repeat(64), /^No such image: sha256:0/],
    ['UPPER', /must be lowercase/],
  ] as const) {
    await assert.rejects(save(host, ['t/a:1', name]), { name: 'EngineError', message }, name);
  }
});

test('an index is saved with the platforms that are here, or with those asked for', async () => {
  const layout = new Layout();
  const platforms = ['arm64', 'amd64', 's390x'].map((architecture) => ({ os: 'linux', architecture }));
  const [arm, intel, absent] = platforms.map((platform, index) => ({
    ...layout.image([index === 0 ? one : two], config([index === 0 ? one : two], platform)),
    platform,
  }));
  assert.ok(arm !== undefined && intel !== undefined && absent !== undefined);
  const index = layout.index([arm, intel, absent]);
  const gone = layout.entries.findIndex(({ name }) => name.endsWith(absent.digest.slice(7)));
  layout.entries.splice(gone, 1);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': 'docker.io/t/multi:1' } });
  await using host = await imageHost();
  await host.load(layout.archive());

  const listed = async (archive: Buffer): Promise<string[]> =>
    (await documentOf<{ manifests: { digest: string }[] }>(archive, 'index.json')).manifests.map(
      ({ digest }) => digest,
    );
  const whole = await save(host, ['t/multi:1']);
  assert.deepEqual(await listed(whole), [index.digest]);
  await using copy = await imageHost();
  await copy.load(whole);
  assert.deepEqual((await copy.leftovers()).sort(), (await host.leftovers()).sort());
  assert.equal((await documentOf<Item[]>(whole, 'manifest.json')).length, 1);

  const [forArm, forIntel] = platforms;
  assert.ok(forArm !== undefined && forIntel !== undefined);
  const part = await save(host, ['t/multi:1'], [forArm]);
  assert.deepEqual(await listed(part), [arm.digest]);
  assert.equal((await filesOf(part)).has(`blobs/sha256/${sha(two)}`), false);
  const both = await save(host, ['t/multi'], [forArm, forIntel]);
  assert.deepEqual(await listed(both), [index.digest]);
  await assert.rejects(save(host, ['t/multi:1'], [forArm, { os: 'linux', architecture: 's390x' }]), {
    kind: 'notFound',
    message: /specified platform \(linux\/s390x\)/,
  });
});

test('content that is missing or damaged is an error before the first byte', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  const { id, manifest } = host.stores.images.resolve('t/app:1');
  const layer = manifest.layers[1]?.digest ?? id;
  truncateSync(host.stores.content.path(layer), 100);
  await assert.rejects(host.images.save([id], { platforms: [] }), { kind: 'notFound', message: /is damaged/ });
  rmSync(host.stores.content.path(layer));
  await assert.rejects(host.images.save([id], { platforms: [] }), { kind: 'notFound', message: /is missing/ });
});

test('an image removed meanwhile is saved to its end, and then gone; so it is when the receiver goes', async () => {
  for (const finish of [true, false]) {
    await using host = await imageHost();
    const empty = await host.leftovers();
    await host.load(dockerArchive());
    const whole = await save(host, ['t/app:1']);
    {
      await using archive = await host.images.save(['t/app:1'], { platforms: [] });
      await host.images.remove('t/app:1', { force: true, noPrune: false }, never);
      assert.ok(
        (await host.leftovers()).some((path) => path.endsWith(sha(one))),
        'kept for the reader',
      );
      if (finish) assert.ok((await written(archive)).equals(whole));
      else {
        const refused = archive.writeTo(() => Promise.reject(new Error('gone')), never);
        await assert.rejects(refused, { message: 'gone' });
      }
    }
    assert.deepEqual(await host.leftovers(), empty);
  }
});

test('a large layer goes in chunks of one size, each sent before its memory is used again; cancelling ends it', async () => {
  await using host = await imageHost();
  const big = tarArchive([{ name: 'big', content: Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => at % 251)) }]);
  await host.load(imageArchive({ tags: ['t/big:1'], layers: [big], config: {} }));
  await using archive = await host.images.save(['t/big:1'], { platforms: [] });
  const chunks: Buffer[] = [];
  let sending = 0;
  await archive.writeTo(async (chunk) => {
    assert.equal(++sending, 1, 'one at a time');
    await new Promise((resolve) => setImmediate(resolve));
    chunks.push(Buffer.from(chunk));
    sending--;
  }, never);
  assert.deepEqual([...new Set(chunks.slice(0, -1).map(({ length }) => length))], [256 << 10]);
  assert.ok(Buffer.concat(chunks).includes(big));
  const cancelled = archive.writeTo(async () => {}, AbortSignal.abort());
  await assert.rejects(cancelled, { kind: 'cancelled' });
});

test('several images share what they have in common', async () => {
  await using host = await imageHost();
  await host.load(imageArchive({ tags: ['t/base:1'], layers: [one], config: {} }));
  await host.load(imageArchive({ tags: ['t/top:1'], layers: [one, two], config: {} }));
  const archive = await save(host, ['t/base:1', 't/top:1']);
  await using copy = await imageHost();
  assert.deepEqual((await copy.load(archive)).length, 2);
  assert.equal(archive.indexOf(one), archive.lastIndexOf(one));
  assert.equal(
    json((await documentOf<Item[]>(archive, 'manifest.json')).map(({ Layers: layers }) => layers.length)),
    '[1,2]',
  );
});

test('attestations and indexes within come and go with their index; what is known by its digest stays so', async () => {
  const layout = new Layout();
  const image = layout.image([one], config([one]), [gzipSync(one)]);
  const statement = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: layout.blob('{"rootfs":{"type":"layers","diff_ids":[]}}', 'application/vnd.oci.image.config.v1+json'),
    layers: [layout.blob('{"predicateType":"x"}', 'application/vnd.in-toto+json')],
  };
  const attestation = {
    ...layout.blob(json(statement), statement.mediaType),
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': image.digest,
    },
  };
  const platform = { os: 'linux', architecture: 'amd64' };
  const inner = layout.index([{ ...image, platform }, attestation]);
  const index = layout.index([inner, inner]);
  const annotations = {
    'io.containerd.image.name': 'docker.io/t/attested:1',
    'containerd.io/distribution.source.docker.io': 't/attested,t/copy,..,UPPER,t/x:1',
  };
  layout.listed.push({ ...index, annotations });
  await using from = await imageHost();
  assert.deepEqual(await from.load(layout.archive()), ['Loaded image: t/attested:1']);
  const known = [`docker.io/t/attested@${index.digest}`, `docker.io/t/copy@${index.digest}`];
  assert.deepEqual(from.stores.images.resolve('t/attested:1').repoDigests, known);

  const archive = await save(from, ['t/attested:1']);
  for (const { name } of layout.entries) assert.ok((await filesOf(archive)).has(name), name);
  await using to = await imageHost();
  const bare = await to.leftovers();
  await to.load(archive);
  assert.deepEqual((await to.leftovers()).sort(), (await from.leftovers()).sort());
  assert.deepEqual(to.stores.images.resolve('t/copy@'.concat(index.digest)).repoDigests, known);
  assert.deepEqual(
    to.stores.images.targets().map(({ descriptor, names }) => [descriptor.digest, names.length]),
    [[index.digest, 3]],
  );
  const { id } = to.stores.images.resolve('t/attested:1');
  await to.stores.collector.reconcile();
  assert.deepEqual((await to.leftovers()).sort(), (await from.leftovers()).sort());
  await to.images.remove(id, { force: true, noPrune: false }, never);
  assert.deepEqual(await to.leftovers(), bare);
});

test('an attestation that is lost from the disk does not take the image with it', async () => {
  const layout = new Layout();
  const image = layout.image([one], config([one]));
  const statement = layout.blob('{"predicateType":"x"}', 'application/vnd.in-toto+json');
  const manifest = {
    schemaVersion: 2,
    config: layout.blob('{}', 'application/vnd.oci.image.config.v1+json'),
    layers: [statement],
  };
  const about = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': image.digest };
  const attestation = {
    ...layout.blob(json(manifest), 'application/vnd.oci.image.manifest.v1+json'),
    annotations: about,
  };
  const index = layout.index([{ ...image, platform: { os: 'linux', architecture: 'amd64' } }, attestation]);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': 'docker.io/t/half:1' } });
  const root = mkdtempSync(join(tmpdir(), 'gantry-save-'));
  const snapshots = fakeImageSnapshots();
  try {
    {
      await using host = await imageHost({ root, snapshots });
      await host.load(layout.archive());
      assert.equal(host.stores.images.targets()[0]?.attachments.length, 1);
    }
    {
      await using host = await imageHost({ root, snapshots });
      assert.equal(host.stores.images.targets()[0]?.attachments.length, 1, 'kept over a restart');
      assert.ok(host.stores.content.has(statement.digest as Digest));
      rmSync(host.stores.content.path(attestation.digest as Digest));
    }
    await using host = await imageHost({ root, snapshots });
    const archive = await save(host, ['t/half:1']);
    assert.equal((await filesOf(archive)).has(`blobs/sha256/${image.digest.slice(7)}`), true);
    assert.equal(host.stores.images.targets()[0]?.attachments.length, 0);
    assert.equal(host.stores.content.has(statement.digest as Digest), false, 'nothing refers to it any more');
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('what an image was built on is known again after save and load, if it came along and fits', async () => {
  const ids = [config([one]), config([one, two]), config([two, one])].map((text) => `sha256:${sha(text)}`);
  const items = [
    { Config: '0.json', RepoTags: ['t/base:1'], Layers: ['1.tar'] },
    { Config: '1.json', RepoTags: ['t/child:1'], Layers: ['1.tar', '2.tar'], Parent: ids[0] },
    { Config: '2.json', RepoTags: ['t/other:1'], Layers: ['2.tar', '1.tar'], Parent: ids[0] },
  ];
  const archive = tarArchive([
    { name: '1.tar', content: one },
    { name: '2.tar', content: two },
    ...[config([one]), config([one, two]), config([two, one])].map((content, index) => ({
      name: `${index}.json`,
      content,
    })),
    { name: 'manifest.json', content: json(items) },
  ]);
  await using from = await imageHost();
  await from.load(archive);
  await using to = await imageHost();
  await to.load(await save(from, ['t/child:1', 't/base:1', 't/other:1']));
  await using alone = await imageHost();
  await alone.load(await save(from, ['t/child:1']));
  const parentOf = (host: ImageHost, name: string): string | undefined => host.stores.images.resolve(name).parent;
  for (const host of [from, to]) {
    assert.equal(parentOf(host, 't/child:1'), ids[0]);
    assert.equal(parentOf(host, 't/other:1'), undefined, 'has not its layers');
  }
  assert.equal(parentOf(alone, 't/child:1'), undefined);
});
