import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Index, Manifest } from '../../spec/index.ts';
import { EMPTY_TREE, type LayeredTree } from '../tree.ts';
import type { ExportedResult } from './exporter.ts';
import { type ExportFixture, exported, openExportFixture } from './testing/export-fixture.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root to mount and to unpack';
const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

const result = (...platforms: ExportedResult['platforms']): ExportedResult => ({
  platforms,
  isMultiple: platforms.length > 1,
  metadata: new Map(),
});
const request = (type: string, attrs: Readonly<Record<string, string>>, id = '0') => ({
  id,
  type,
  attrs: new Map(Object.entries(attrs)),
});

/** Two steps, and one between them that changes nothing. */
async function threeSteps({ step }: ExportFixture): Promise<LayeredTree> {
  const one = await step(EMPTY_TREE, 'RUN one', (root) => {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/one'), 'first');
  });
  const none = await step(one, 'RUN true', undefined);
  return await step(none, 'RUN two', (root) => {
    rmSync(join(root, 'etc/one'));
    writeFileSync(join(root, 'etc/two'), 'second');
  });
}

const HISTORY = [
  { created_by: 'RUN one', comment: 'c' },
  { created_by: 'ENV a=b', comment: 'c', empty_layer: true },
  { created_by: 'RUN true', comment: 'c' },
];

test('a tree becomes an image of the engine, with a layer for each step', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { stores, context, open, added } = fixture;
  const tree = await threeSteps(fixture);
  const platform = exported(tree, { config: { Env: ['a=b'] }, history: HISTORY, rootfs: { type: 'layers' } });
  const exporter = open(request('moby', { name: 'web:1,docker.io/library/web:1,web' }));
  const { response } = await exporter.run(result(platform), context);
  const image = stores.images.resolve('web:1');
  assert.equal(response.get('containerimage.config.digest'), image.id);
  assert.equal(response.get('containerimage.digest'), image.manifestDescriptor.digest);
  assert.equal(response.get('image.name'), 'docker.io/library/web:1,docker.io/library/web:latest');
  assert.deepEqual(added[0]?.names, ['docker.io/library/web:1', 'docker.io/library/web:latest']);
  const { config } = image;
  assert.equal(config.rootfs.diff_ids.length, 3);
  assert.equal(config.rootfs.diff_ids[1], EMPTY_LAYER);
  assert.deepEqual(config.config, { Env: ['a=b'] });
  assert.deepEqual(
    config.history?.map(({ created_by: by, empty_layer: isEmpty }) => [by, isEmpty]),
    [
      ['RUN one', undefined],
      ['ENV a=b', true],
      ['RUN true', undefined],
      ['RUN two', undefined],
    ],
  );
  assert.equal(config.history?.[3]?.comment, 'buildkit.exporter.image.v0');
  assert.equal(config.created, config.history?.[3]?.created);
  assert.ok(config.history?.every(({ created }) => created?.startsWith('2026-01-01T00:00:00.0')));
  // The layers are there, unpacked.
  await using view = await fixture.snapshots.sealed.view(fixture.snapshots.chain(config.rootfs.diff_ids));
  assert.equal(readFileSync(join(view.path, 'etc/two'), 'utf8'), 'second');
});

test('the same result gives the same bytes, and what is exported again is not written again', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { context, open, stores } = fixture;
  const platform = exported(await threeSteps(fixture), { config: {}, history: HISTORY });
  const run = async (attrs: Readonly<Record<string, string>>) =>
    (await open(request('image', attrs)).run(result(platform), context)).response;
  const first = await run({ name: 'web' });
  const again = await run({ name: 'web' });
  assert.deepEqual([...first], [...again]);
  const zipped = await run({ name: 'web', compression: 'gzip' });
  assert.equal(zipped.get('containerimage.config.digest'), first.get('containerimage.config.digest'));
  const { manifest } = stores.images.resolve('web');
  assert.ok(manifest.layers.every(({ mediaType }) => mediaType.endsWith('tar+gzip')));
  await stores.idle();
  // The dangling first form keeps its layers; nothing else is left.
  assert.ok(stores.content.list().length > 0);
});

test('media types, annotations and the time of the source are as the client wants them', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { context, open, stores } = fixture;
  const tree = await threeSteps(fixture);
  const attrs = {
    name: 'web',
    'oci-mediatypes': 'false',
    'annotation.a': 'b',
    'annotation-manifest[linux/arm64].never': 'x',
    'source-date-epoch': '1000000000',
    'rewrite-timestamp': 'true',
  };
  await open(request('image', attrs)).run(result(exported(tree, { config: {}, history: HISTORY })), context);
  const { manifest, config } = stores.images.resolve('web');
  assert.equal(manifest.mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  assert.equal(manifest.config.mediaType, 'application/vnd.docker.container.image.v1+json');
  assert.equal(manifest.layers[0]?.mediaType, 'application/vnd.docker.image.rootfs.diff.tar');
  assert.deepEqual(manifest.annotations, { a: 'b' });
  assert.ok(config.history?.every(({ created }) => created === '2001-09-09T01:46:40Z'));
  const names = execFileSync('tar', ['-tvf', stores.content.path(manifest.layers[0]?.digest as never), '--utc']);
  assert.match(names.toString(), /2001-09-09/);
});

test('several platforms are an index, of which each image is found', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { context, open, stores } = fixture;
  const tree = await threeSteps(fixture);
  const both = result(exported(tree, { config: {} }, 'linux/amd64'), exported(tree, { config: {} }, 'linux/arm64'));
  const { response } = await open(request('image', { name: 'web' })).run(both, context);
  assert.equal(response.get('containerimage.config.digest'), undefined);
  const index = stores.content.readJson(response.get('containerimage.digest') as never) as Index;
  assert.deepEqual(
    index.manifests.map(({ platform }) => platform?.architecture),
    ['amd64', 'arm64'],
  );
  assert.equal(stores.images.resolve('web', { os: 'linux', architecture: 'arm64' }).config.architecture, 'arm64');
});

test('statements about an image go into an index with it', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { context, open, stores, sent } = fixture;
  const predicate = { builder: { id: 'b' } };
  const predicateType = 'https://slsa.dev/provenance/v0.2';
  const attestations = [{ predicateType, predicate, fileName: 'provenance.json', isInlineOnly: true }];
  const platform = { ...exported(await threeSteps(fixture), { config: {} }), attestations };
  const { response, images } = await open(request('image', { name: 'web:2' })).run(result(platform), context);
  const digest = response.get('containerimage.digest') as never;
  const { manifests } = stores.content.readJson(digest) as Index;
  const [image, attached] = manifests;
  assert.deepEqual(image?.platform, { os: 'linux', architecture: 'amd64' });
  assert.deepEqual(attached?.platform, { architecture: 'unknown', os: 'unknown' });
  assert.deepEqual(attached?.annotations, {
    'vnd.docker.reference.digest': image?.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  });
  const { layers } = stores.content.readJson(attached?.digest as never) as Manifest;
  assert.equal(layers[0]?.mediaType, 'application/vnd.in-toto+json');
  assert.deepEqual(stores.content.readJson(layers[0]?.digest as never), {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'https://slsa.dev/provenance/v0.2',
    subject: [{ name: 'pkg:docker/web@2?platform=linux%2Famd64', digest: { sha256: image?.digest.slice(7) } }],
    predicate,
  });
  assert.deepEqual(images[0]?.attestations, layers);
  const asArtifact = await open(request('image', { 'oci-artifact': 'true' })).run(result(platform), context);
  const index = stores.content.readJson(asArtifact.response.get('containerimage.digest') as never) as Index;
  const artifact = stores.content.readJson(index.manifests[1]?.digest as never) as Record<string, object>;
  assert.equal(artifact['artifactType'], 'application/vnd.docker.attestation.manifest.v1+json');
  assert.deepEqual(artifact['subject'], { mediaType: image?.mediaType, digest: image?.digest, size: image?.size });
  const found = stores.images.resolve('web:2');
  assert.equal(found.id, response.get('containerimage.config.digest'));
  assert.equal(found.target.digest, digest);
  await open(request('oci', {})).run(result(platform), context);
  assert.ok(sent.at(-1)?.bytes.includes('attestation-manifest'));
  await open(request('docker', {})).run(result(platform), context);
  assert.ok(!sent.at(-1)?.bytes.includes('attestation-manifest'));
});

test('an image without files has no layers', { skip }, async () => {
  await using fixture = await openExportFixture();
  const platform = exported(EMPTY_TREE, {
    config: { Cmd: ['x'] },
    history: [{ created_by: 'CMD', empty_layer: true }],
  });
  await fixture.open(request('moby', { name: 'web' })).run(result(platform), fixture.context);
  const { manifest, config } = fixture.stores.images.resolve('web');
  assert.deepEqual(manifest.layers, []);
  assert.equal(config.history?.length, 1);
});

test('an image is pushed by each of its names', { skip }, async () => {
  await using fixture = await openExportFixture();
  const attrs = { name: 'example.com/a:1,example.com/b:2', push: 'true' };
  await fixture.open(request('image', attrs)).run(result(exported(EMPTY_TREE, {})), fixture.context);
  assert.deepEqual(fixture.pushed, ['example.com/a:1', 'example.com/b:2']);
});

test('an image is pushed without a tag, or without becoming one of the engine', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { open, context, pushed, added, stores } = fixture;
  const platform = exported(EMPTY_TREE, { config: { Cmd: ['x'] } });
  const run = async (attrs: Readonly<Record<string, string>>) =>
    (await open(request('image', attrs)).run(result(platform), context)).response;
  const digest = (await run({ name: 'a.com/a', push: 'true', 'push-by-digest': 'true' })).get('containerimage.digest');
  assert.deepEqual(pushed, [`a.com/a ${digest}`]);
  assert.equal(added.length, 1);
  const unstored = await run({ name: 'a.com/b:1', push: 'true', store: 'false' });
  assert.deepEqual(pushed.slice(1), [`a.com/b:1 ${digest}`]);
  assert.equal(unstored.get('image.name'), 'a.com/b:1');
  assert.equal(added.length, 1);
  assert.equal((await run({ 'dangling-name-prefix': 'lost' })).get('image.name'), `docker.io/library/lost@${digest}`);
  await run({ name: 'a.com/c:1', 'name-canonical': 'true', 'nobody-knows-this': 'x' });
  assert.deepEqual(added.at(-1)?.names, ['a.com/c:1', `a.com/c@${digest}`]);
  assert.ok(stores.images.resolve(`a.com/c@${digest}`).repoDigests.includes(`a.com/c@${digest}`));
});

test('a client gets the blobs of an image into its own layout', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { open, context, stored, sent } = fixture;
  const platform = exported(await threeSteps(fixture), { config: {} });
  const { response } = await open(request('oci', { tar: 'false' })).run(result(platform), context);
  assert.equal(sent.length, 0);
  assert.ok(stored.every(({ storeId, digest, bytes }) => storeId === 'export' && digest === sumOf(bytes)));
  assert.equal(stored.at(-1)?.digest, response.get('containerimage.digest'));
  const { config, layers } = JSON.parse(String(stored.at(-1)?.bytes)) as Manifest;
  const named = new Set([config, ...layers].map(({ digest }) => digest as string));
  assert.deepEqual(new Set(stored.slice(0, -1).map(({ digest }) => digest)), named);
});

function sumOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

test('a client gets files, layouts and archives for docker load as tars', { skip }, async (t) => {
  await using fixture = await openExportFixture();
  const { context, open, sent } = fixture;
  const folder = mkdtempSync(join(tmpdir(), 'gantry-exported-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const tree = await threeSteps(fixture);
  const one = exported(tree, { config: {}, history: HISTORY });
  const both = result(one, exported(tree, {}, 'linux/arm64'));
  const listed = (): readonly string[] => {
    const archive = join(folder, 'archive');
    writeFileSync(archive, sent.at(-1)?.bytes ?? '');
    return execFileSync('tar', ['-tf', archive]).toString().trim().split('\n');
  };
  await open(request('tar', {}, '3')).run(result(one), context);
  assert.deepEqual(listed(), ['etc/', 'etc/two']);
  assert.equal(sent.at(-1)?.exporterId, '3');
  await open(request('tar', {})).run(both, context);
  assert.deepEqual(listed(), [
    'linux_amd64/',
    'linux_amd64/etc/',
    'linux_amd64/etc/two',
    'linux_arm64/',
    'linux_arm64/etc/',
    'linux_arm64/etc/two',
  ]);

  const { response } = await open(request('docker', { name: 'web:1' })).run(result(one), context);
  assert.ok(['index.json', 'manifest.json', 'oci-layout'].every((name) => listed().includes(name)));
  const read = (name: string): unknown =>
    JSON.parse(execFileSync('tar', ['-xOf', join(folder, 'archive'), name]).toString());
  const [loaded] = read('manifest.json') as { RepoTags: string[]; Layers: string[]; Config: string }[];
  assert.deepEqual(loaded?.RepoTags, ['web:1']);
  assert.equal(loaded?.Layers.length, 3);
  assert.ok(loaded?.Layers.every((layer) => listed().includes(layer)));
  const digest = response.get('containerimage.digest') ?? '';
  assert.equal(sent.at(-1)?.metadata['exporter-md-containerimage.digest'], digest);
  const manifest = read(`blobs/sha256/${digest.slice(7)}`) as Manifest;
  assert.ok(manifest.layers.every(({ mediaType }) => mediaType.endsWith('gzip')));
  const first = sent.at(-1)?.bytes;
  await open(request('docker', { name: 'web:1' })).run(result(one), context);
  assert.ok(first?.equals(sent.at(-1)?.bytes ?? Buffer.alloc(0)));

  await open(request('oci', {})).run(both, context);
  assert.equal(listed().includes('manifest.json'), false);
  await assert.rejects(open(request('docker', {})).run(both, context), { kind: 'invalid' });
});

test('a client gets files in a directory, with a folder for each platform', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { context, open, directories } = fixture;
  const tree = await threeSteps(fixture);
  const one = exported(tree, {});
  const both = result(exported(tree, {}, 'linux/arm64'), one);
  await open(request('local', {})).run(result(one), context);
  await open(request('local', {})).run(both, context);
  const other = await fixture.step(EMPTY_TREE, 'RUN other', (root) => writeFileSync(join(root, 'other'), ''));
  const different = result(one, exported(other, {}, 'linux/arm64'));
  await open(request('local', { 'platform-split': 'false' })).run(different, context);
  const split = ['amd64', 'arm64'].flatMap((name) => [`linux_${name}/etc`, `linux_${name}/etc/two`]);
  const plain = { metadata: {}, files: ['etc', 'etc/two'] };
  assert.deepEqual(directories, [
    plain,
    { metadata: { 'buildkit-exporter-multi-platform': '1' }, files: split },
    plain,
    { metadata: {}, files: ['other'] },
  ]);
  await assert.rejects(open(request('local', { 'platform-split': 'false' })).run(both, context), {
    message: 'cannot overwrite etc/two from linux/arm64 with linux/amd64 when split option is disabled',
  });
});

test('statements about files are files among them', { skip }, async (t) => {
  await using fixture = await openExportFixture();
  const { context, open, directories, sent } = fixture;
  const folder = mkdtempSync(join(tmpdir(), 'gantry-exported-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const tree = await fixture.step(await threeSteps(fixture), 'RUN link', (root) => {
    symlinkSync(join(folder, 'outside'), join(root, 'provenance.json'));
  });
  const predicate = { builder: { id: 'b' } };
  const provenance = { predicateType: 'p', predicate, fileName: 'provenance.json', isInlineOnly: false };
  const attested = (id: string) => ({ ...exported(tree, {}, id), attestations: [provenance] });
  const one = result(attested('linux/amd64'));
  const both = result(attested('linux/arm64'), attested('linux/amd64'));
  await open(request('local', {})).run(one, context);
  assert.deepEqual(directories.at(-1)?.files, ['etc', 'etc/two', 'provenance.json']);
  assert.deepEqual(readdirSync(folder), []);
  await open(request('local', {})).run(both, context);
  assert.ok(directories.at(-1)?.files.includes('linux_arm64/provenance.json'));
  const read = (name: string): string => {
    const archive = join(folder, 'archive');
    writeFileSync(archive, sent.at(-1)?.bytes ?? '');
    return execFileSync('tar', ['-xOf', archive, name]).toString();
  };
  const attrs = { 'attestation-prefix': 'at/', 'platform-split': 'false', 'source-date-epoch': '5' };
  await open(request('tar', attrs)).run(both, context);
  const sha256 = createHash('sha256').update('second').digest('hex');
  const statement = {
    _type: 'https://in-toto.io/Statement/v0.1',
    predicateType: 'p',
    subject: [{ name: 'etc/two', digest: { sha256 } }],
    predicate,
  };
  assert.equal(read('linux_amd64/at/provenance.linux_amd64.json'), JSON.stringify(statement, undefined, 2));
  const listed = execFileSync('tar', ['-tvf', join(folder, 'archive'), '--utc']).toString();
  assert.match(listed, /-rw------- 0\/0 +\d+ 1970-01-01 00:00 linux_arm64\/at\/provenance.linux_arm64.json/);
  const inline = { ...attested('linux/amd64'), attestations: [{ ...provenance, isInlineOnly: true }] };
  await open(request('tar', {})).run(result(inline), context);
  assert.equal(sent.at(-1)?.bytes.includes('in-toto'), false);
  const twice = { ...attested('linux/amd64'), attestations: [provenance, provenance] };
  await assert.rejects(open(request('tar', {})).run(result(twice), context), {
    message: 'duplicate attestation path provenance.json',
  });
  assert.deepEqual(fixture.snapshots.writables(), []);
});

test('what cannot be done is refused before the build', { skip }, async () => {
  await using fixture = await openExportFixture();
  const { open } = fixture;
  for (const attrs of [
    { compression: 'estargz' },
    { 'push-by-digest': 'perhaps' },
    { unpack: 'perhaps' },
    { compression: 'x' },
    { name: 'UPPER' },
    { name: `a@${EMPTY_LAYER}` },
    { push: 'perhaps' },
    { compression: 'zstd', 'oci-mediatypes': 'false' },
    { 'source-date-epoch': 'now' },
  ]) {
    assert.throws(() => open(request('image', attrs)), { name: 'EngineError' }, JSON.stringify(attrs));
  }
  assert.throws(() => open(request('floppy', {})), { message: 'exporter "floppy" could not be found' });
});
