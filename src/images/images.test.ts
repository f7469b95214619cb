import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import { type ImageHost, imageHost } from '../../test/support/image-host.ts';
import { parseDigest } from '../base/ids.ts';

const layer = (name: string): Buffer => tarArchive([{ name, content: name.repeat(100) }]);
const signal = new AbortController().signal;

/** Makes an image with its own top layer on a shared one. Returns its id. */
async function make(host: ImageHost, tags: readonly string[], config: object = {}, top = 'top'): Promise<string> {
  const archive = imageArchive({
    tags,
    layers: [layer('base'), layer(top)],
    config: { Cmd: [tags[0] ?? top], ...config },
  });
  await host.load(archive);
  const images = host.stores.images.list();
  return images.at(-1)?.id ?? '';
}

function remove(host: ImageHost, ref: string, options: { force?: boolean; noPrune?: boolean } = {}): Promise<string[]> {
  const all = { force: false, noPrune: false, ...options };
  return host.images
    .remove(ref, all, signal)
    .then((records) =>
      records.map((record) => ('Untagged' in record ? `- ${record.Untagged}` : `x ${record.Deleted}`)),
    );
}

const short = (id: string): string => id.slice(7, 19);

test('removing one of several names takes only that name', async () => {
  await using host = await imageHost();
  const id = await make(host, ['t/a:1', 't/a:2']);
  assert.deepEqual(await remove(host, 't/a:1'), ['- t/a:1']);
  assert.deepEqual(host.stores.images.resolve(id).names, ['docker.io/t/a:2']);
});

test('removing the last name removes the image, with the layers that nothing else has', async () => {
  await using host = await imageHost();
  await make(host, ['t/a:1'], {}, 'a');
  const a = host.stores.images.resolve('t/a:1');
  await make(host, ['t/b:1'], {}, 'b');
  const records = await remove(host, 't/a:1');
  assert.equal(records.length, 3);
  assert.deepEqual(records.slice(0, 2), ['- t/a:1', `x ${a.id}`]);
  assert.match(records[2] ?? '', /^x sha256:/);
  assert.deepEqual(host.snapshots.layers().length, 2);
  await remove(host, 't/b:1');
  assert.deepEqual(await host.leftovers(), []);
  assert.deepEqual(
    host.events.filter((event) => event.includes(short(a.id))),
    [`image load ${short(a.id)}`, `image untag ${short(a.id)}`, `image delete ${short(a.id)}`],
  );
});

test('an id with names in several repositories needs force, with one it goes by itself', async () => {
  await using host = await imageHost();
  const id = await make(host, ['t/a:1', 'other:2']);
  await assert.rejects(remove(host, short(id)), {
    kind: 'conflict',
    message: `conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`,
  });
  assert.deepEqual((await remove(host, short(id), { force: true })).slice(0, 3), ['- t/a:1', '- other:2', `x ${id}`]);
  const single = await make(host, ['t/a:1']);
  assert.deepEqual((await remove(host, single.slice(0, 20))).slice(0, 2), ['- t/a:1', `x ${single}`]);
});

test('containers hold an image: stopped ones against all but force, running ones against force too', async () => {
  await using host = await imageHost();
  const id = await make(host, ['t/a:1']);
  const container = 'c'.repeat(64);
  host.users.set(id, [{ id: container, running: false }]);
  await assert.rejects(remove(host, 't/a:1'), {
    kind: 'conflict',
    message: `conflict: unable to remove repository reference "t/a:1" (must force) - container cccccccccccc is using its referenced image ${short(id)}`,
  });
  await assert.rejects(remove(host, id), {
    message: `conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container cccccccccccc`,
  });
  host.users.set(id, [{ id: container, running: true }]);
  for (const force of [false, true]) {
    await assert.rejects(remove(host, id, { force }), {
      message: `conflict: unable to delete ${short(id)} (cannot be forced) - image is being used by running container cccccccccccc`,
    });
  }
  // By name, force removes the name although a container runs, and keeps the image.
  assert.deepEqual(await remove(host, 't/a:1', { force: true }), ['- t/a:1']);
  assert.deepEqual(host.stores.images.resolve(id).names, []);
});

test('the layers of a container stay when its image is forced away, and go after it', async () => {
  await using host = await imageHost();
  const id = await make(host, ['t/a:1']);
  const { config } = host.stores.images.resolve(id);
  await host.snapshots.createWritable('box', config.rootfs.diff_ids);
  host.users.set(id, [{ id: 'c'.repeat(64), running: false }]);
  assert.deepEqual(await remove(host, 't/a:1', { force: true }), ['- t/a:1', `x ${id}`]);
  assert.equal(host.snapshots.layers().length, 2);
  await host.stores.snapshots.removeWritable('box');
  assert.deepEqual(await host.leftovers(), []);
});

test('an image that others are built on is held by them, and goes with the last unless told not to', async () => {
  await using host = await imageHost();
  const parent = await make(host, ['t/parent:1']);
  const child = await make(host, ['t/child:1'], { Labels: { a: 'b' } });
  const { images } = host.stores;
  images.setParent(parseDigest(child), parseDigest(parent));
  await assert.rejects(remove(host, parent, { force: true }), {
    message: `conflict: unable to delete ${short(parent)} (cannot be forced) - image has dependent child images`,
  });
  assert.deepEqual(await remove(host, 't/parent:1'), ['- t/parent:1']);
  const records = await remove(host, 't/child:1');
  assert.ok(records.includes(`x ${child}`) && records.includes(`x ${parent}`));
  assert.deepEqual(await host.leftovers(), []);
});

test('an unknown or impossible name is Docker’s 404 or 400', async () => {
  await using host = await imageHost();
  await assert.rejects(remove(host, 'nosuch'), { kind: 'notFound', message: 'No such image: nosuch:latest' });
  await assert.rejects(remove(host, 'NO'), { kind: 'invalid', message: /must be lowercase/ });
  await assert.rejects(host.images.inspect(`sha256:${'a'.repeat(64)}`, { manifests: false }), {
    message: `No such image: sha256:${'a'.repeat(64)}`,
  });
});

test('tags are given as Docker gives them', async () => {
  await using host = await imageHost();
  const id = await make(host, ['t/a:1']);
  await host.images.tag('t/a:1', { repo: 'x/y', tag: '' });
  await host.images.tag(short(id), { repo: 'x/y:v1', tag: 'v2' });
  await host.images.tag('x/y', { repo: 'localhost:5000/z', tag: 'w' });
  await host.images.tag('x/y', { repo: '', tag: '' });
  const { RepoTags, Metadata } = await host.images.inspect(id, { manifests: false });
  assert.deepEqual(RepoTags, ['t/a:1', 'x/y:latest', 'x/y:v2', 'localhost:5000/z:w']);
  assert.notEqual(Metadata.LastTagTime, '0001-01-01T00:00:00Z');
  await assert.rejects(host.images.tag(id, { repo: `x@sha256:${'a'.repeat(64)}`, tag: '' }), {
    message: 'cannot import digest reference',
  });
  await assert.rejects(host.images.tag(id, { repo: 'x', tag: 'a b' }), { message: 'invalid tag format' });
});

test('the list is filtered as Docker filters it', async () => {
  await using host = await imageHost();
  await make(host, ['busybox:1', 'busybox:2'], { Labels: { tier: 'base', x: '' } });
  await make(host, ['team/app:v1'], { Labels: { tier: 'app' } });
  await make(host, [], {}, 'nameless');
  const list = async (filters: Record<string, string[]>): Promise<string[]> => {
    const images = await host.images.list({ all: false, filters, sharedSize: false, manifests: false });
    return images.map(({ RepoTags }) => RepoTags.join(' ')).sort();
  };
  assert.deepEqual(await list({}), ['', 'busybox:1 busybox:2', 'team/app:v1']);
  assert.deepEqual(await list({ dangling: ['true'] }), ['']);
  assert.deepEqual(await list({ dangling: ['0'] }), ['busybox:1 busybox:2', 'team/app:v1']);
  assert.deepEqual(await list({ reference: ['busybox'] }), ['busybox:1 busybox:2']);
  assert.deepEqual(await list({ reference: ['busybox:2'] }), ['busybox:2']);
  assert.deepEqual(await list({ reference: ['*'] }), ['busybox:1 busybox:2']);
  assert.deepEqual(await list({ reference: ['*/*', 'b?sy[a-z]ox:[12]'] }), ['busybox:1 busybox:2', 'team/app:v1']);
  assert.deepEqual(await list({ label: ['tier'] }), ['busybox:1 busybox:2', 'team/app:v1']);
  assert.deepEqual(await list({ label: ['tier=base', 'x'] }), ['busybox:1 busybox:2']);
  assert.deepEqual(await list({ until: ['2023-01-01'] }), []);
  assert.equal((await list({ until: ['1h'] })).length, 3);
  assert.deepEqual(await list({ before: ['busybox:1'] }), []);
  await assert.rejects(list({ colour: ['red'] }), { kind: 'invalid', message: "invalid filter 'colour'" });
  await assert.rejects(list({ dangling: ['maybe'] }), {
    kind: 'invalid',
    message: "invalid filter 'dangling=[maybe]'",
  });
  await assert.rejects(list({ reference: ['[a'] }), { kind: 'invalid', message: 'syntax error in pattern' });
  await assert.rejects(list({ since: ['nosuch'] }), { kind: 'notFound' });
});

test('inspect and history tell what the config says', async () => {
  await using host = await imageHost();
  const id = await make(host, ['t/a:1'], { Env: ['A=b'], Labels: { l: '1' } });
  const inspected = await host.images.inspect('t/a:1', { manifests: false });
  assert.equal(inspected.Id, id);
  assert.equal(inspected.Created, '2024-01-01T00:00:00Z');
  assert.deepEqual([inspected.Config.Env, inspected.Config.Hostname, inspected.Config.Entrypoint], [['A=b'], '', null]);
  assert.equal(inspected.RootFS.Layers.length, 2);
  assert.equal(
    inspected.Size,
    host.snapshots.layers().reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  );
  const history = (await host.images.history(id, {})) as Record<string, unknown>[];
  assert.deepEqual(
    history.map(({ Id, Tags, Size }) => [Id, Tags, Number(Size) > 0]),
    [
      [id, ['t/a:1'], true],
      ['<missing>', null, true],
    ],
  );
});

test('prune takes what has no tag, with dangling=false all that is not used', async () => {
  await using host = await imageHost();
  const used = await make(host, ['t/used:1']);
  await make(host, ['t/idle:1'], { Labels: { keep: 'yes' } });
  const nameless = await make(host, [], {}, 'nameless');
  host.users.set(used, [{ id: 'c'.repeat(64), running: false }]);
  const first = await host.images.prune({}, signal);
  assert.ok(first.deleted.some((record) => 'Deleted' in record && record.Deleted === nameless));
  assert.equal(first.reclaimedBytes, layer('nameless').length);
  assert.deepEqual((await host.images.prune({ dangling: ['false'], 'label!': ['keep=yes'] }, signal)).deleted, []);
  const last = await host.images.prune({ dangling: ['false'] }, signal);
  assert.deepEqual(last.deleted[0], { Untagged: 't/idle:1' });
  assert.deepEqual(
    host.stores.images.list().map(({ id }) => id),
    [used],
  );
});

test('import makes an image of a tar, compressed or not, with its changes', async () => {
  await using host = await imageHost();
  const options = { repo: 't/imp', tag: '', message: 'made here', changes: ['CMD ["x"]', 'ENV A=b'], platform: '' };
  const lines: unknown[] = [];
  const archive = Readable.from([gzipSync(layer('root'))]);
  const id = await host.images.import(archive, options, (line) => void lines.push(line), signal);
  assert.deepEqual(lines, [{ status: id }]);
  const image = await host.images.inspect('t/imp:latest', { manifests: false });
  assert.deepEqual([image.Id, image.Comment, image.Config.Cmd, image.Config.Env], [id, 'made here', ['x'], ['A=b']]);
  const failing = (change: Partial<typeof options>, bytes = layer('other')): Promise<string> =>
    host.images.import(Readable.from([bytes]), { ...options, ...change }, () => {}, signal);
  const before = await host.leftovers();
  await assert.rejects(failing({ changes: ['RUN x'] }), {
    kind: 'invalid',
    message: 'RUN is not a valid change command',
  });
  await assert.rejects(failing({ repo: 'X Y' }), { kind: 'invalid' });
  await assert.rejects(failing({ platform: 'a/b/c/d' }), { kind: 'invalid' });
  await assert.rejects(failing({ platform: 'windows/amd64' }), { message: 'operating system is not supported' });
  await assert.rejects(failing({}, gzipSync(layer('other')).subarray(0, 40)), { message: 'unexpected EOF' });
  assert.deepEqual(await host.leftovers(), before);
});
