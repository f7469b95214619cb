import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Digest } from '../../base/ids.ts';
import { silentLogger } from '../../base/logger.ts';
import { type ContentStore, openContentStore } from '../content/index.ts';
import { openStateDb, type StateDb } from '../db/index.ts';
import type { ImageStore, NewTarget } from './image-store.ts';
import { openImageStore } from './open-image-store.ts';

interface Store {
  readonly images: ImageStore;
  readonly content: ContentStore;
  readonly db: StateDb;
  /** A target without layers whose config differs by `mark`. */
  target(mark: number, names: readonly string[]): NewTarget & { readonly id: Digest };
}

async function open(t: TestContext): Promise<Store> {
  const root = mkdtempSync(join(tmpdir(), 'gantry-image-store-'));
  const db = openStateDb(root, { ballastBytes: 4096 });
  t.after(() => {
    db.close();
    rmSync(root, { recursive: true, force: true });
  });
  const content = openContentStore(join(root, 'content'), silentLogger);
  const images = await openImageStore({ db, content, logger: silentLogger, bootId: 'boot' });
  const put = (document: object): { digest: Digest; size: number } => {
    const bytes = Buffer.from(JSON.stringify(document));
    return { digest: content.put(bytes), size: bytes.length };
  };
  return {
    images,
    content,
    db,
    target(mark, names) {
      const config = put({ os: 'linux', architecture: 'amd64', mark, rootfs: { type: 'layers', diff_ids: [] } });
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const descriptor = { mediaType, ...put({ schemaVersion: 2, config: { mediaType: 'x', ...config }, layers: [] }) };
      return { id: config.digest, descriptor, manifests: [descriptor], names };
    },
  };
}

test('an image is found by the digests of its manifest and of an index that has it', async (t) => {
  const { images, content, target } = await open(t);
  const [one, two] = [target(1, []), target(2, [])];
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [one.descriptor, two.descriptor] }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = { mediaType, digest: content.put(bytes), size: bytes.length };
  const arm = { ...two.descriptor, platform: { os: 'linux', architecture: 'arm64' } };
  images.add([{ descriptor: index, manifests: [one.descriptor, arm], names: ['docker.io/library/a:latest'] }]);
  for (const [ref, id] of [
    [index.digest, one.id],
    [index.digest.slice(7), one.id],
    [index.digest.slice(7, 19), one.id],
    [one.descriptor.digest, one.id],
    [two.descriptor.digest, two.id],
    [two.descriptor.digest.slice(0, 30), two.id],
  ] as const) {
    const found = images.resolve(ref);
    assert.deepEqual([found.id, found.target.digest], [id, index.digest], ref);
  }
  assert.equal(images.list().length, 2);
  images.add([{ ...one, names: [] }]);
  assert.equal(
    images.resolve(one.descriptor.digest).target.digest,
    one.descriptor.digest,
    'it is a target by itself now',
  );
  images.remove([one.id]);
  assert.throws(() => images.resolve(index.digest), { kind: 'notFound' });
});

test('an image is found by name, digest, id and prefix, and not by an ambiguous one', async (t) => {
  const { images, target } = await open(t);
  const digestName = `docker.io/library/a@sha256:${'d'.repeat(64)}`;
  const many = Array.from({ length: 40 }, (_, mark) => target(mark, []));
  const named = target(100, ['docker.io/library/a:latest', 'docker.io/library/beef:latest', digestName]);
  images.add([named, ...many]);
  const hex = named.id.slice(7);
  for (const ref of [
    'a',
    'docker.io/library/a:latest',
    named.id,
    hex,
    hex.slice(0, 12),
    digestName,
    digestName.replace('@', ':x@'),
  ]) {
    assert.equal(images.resolve(ref).id, named.id, ref);
  }
  // A name takes precedence over a prefix of an id.
  assert.equal(images.resolve('beef').id, named.id);
  const prefixes = many.map(({ id }) => id.slice(7, 8));
  const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index) ?? '';
  assert.throws(() => images.resolve(twice), { kind: 'invalid', message: `ambiguous reference: ${twice}` });
  assert.throws(() => images.resolve('nosuch:1'), { kind: 'notFound', message: 'No such image: nosuch:1' });
  assert.throws(() => images.resolve('sha256:abc'), { kind: 'notFound', message: 'No such image: sha256:abc' });
});

test('a wanted platform that an image is not made for is not found', async (t) => {
  const { images, target } = await open(t);
  images.add([target(1, ['docker.io/library/a:latest'])]);
  assert.throws(() => images.resolve('a', { os: 'linux', architecture: 'arm64', variant: 'v8' }), {
    kind: 'notFound',
    message:
      'image with reference a was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)',
  });
});

test('adding is all or none', async (t) => {
  const { images, target, content } = await open(t);
  const broken = target(2, ['docker.io/library/b:latest']);
  content.delete(broken.id);
  assert.throws(() => images.add([target(1, ['docker.io/library/a:latest']), broken]), { kind: 'invalid' });
  assert.throws(() => images.add([target(1, ['not a name'])]), { kind: 'invalid' });
  assert.deepEqual([images.list(), images.names()], [[], []]);
});

test('names move between targets, and removing an image takes its names and references', async (t) => {
  const { images, target } = await open(t);
  const [a, b] = [target(1, ['docker.io/library/x:1']), target(2, ['docker.io/library/x:1', 'docker.io/library/y:1'])];
  images.add([a]);
  images.add([b]);
  assert.deepEqual(images.get(a.id)?.names, []);
  assert.deepEqual(images.get(b.id)?.names, ['docker.io/library/x:1', 'docker.io/library/y:1']);
  assert.deepEqual(images.untag(['docker.io/library/y:1', 'docker.io/library/none:1']), ['docker.io/library/y:1']);
  assert.deepEqual(images.untag(['docker.io/library/y:1']), []);
  images.setParent(b.id, a.id);
  assert.deepEqual(
    images.children(a.id).map(({ id }) => id),
    [b.id],
  );
  assert.deepEqual([...images.referencesOf(b.id).blobs], [b.descriptor.digest, b.id]);
  images.remove([b.id]);
  images.remove([b.id]);
  assert.deepEqual(images.names(), []);
  assert.deepEqual([...images.references().blobs], [a.descriptor.digest, a.id]);
  assert.throws(() => images.resolve('x:1'), { kind: 'notFound' });
});

test('a name that is copied stays with its target, whatever else has the image', async (t) => {
  const { images, target, content } = await open(t);
  const [first, second] = [target(1, []), target(2, [])];
  const single = { ...first, names: ['docker.io/library/a:amd64'] };
  const index = { schemaVersion: 2, manifests: [first.descriptor, second.descriptor] };
  const bytes = Buffer.from(JSON.stringify(index));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const descriptor = { mediaType, digest: content.put(bytes), size: bytes.length };
  const manifests = [first.descriptor, second.descriptor];
  images.add([{ descriptor, manifests, names: ['docker.io/library/a:latest'] }]);
  images.add([single]);
  images.tag(images.resolve('a:amd64').target.digest, 'docker.io/library/b:1');
  images.tag(images.resolve('a:latest').target.digest, 'docker.io/library/b:2');
  assert.equal(images.resolve('b:1').target.digest, first.descriptor.digest);
  assert.equal(images.resolve('b:2').target.digest, descriptor.digest);
});

test('the last use of an image is when it came, was tagged or was used, whichever is latest, also after a restart', async (t) => {
  const { images, db, content, target } = await open(t);
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  const [a, b] = [target(1, ['docker.io/library/a:1']), target(2, ['docker.io/library/b:1'])];
  images.add([a, b]);
  const later = (seconds: number): number => {
    t.mock.timers.setTime(Date.now() + seconds * 1000);
    return Date.now();
  };
  const came = images.lastUsed(a.id);
  assert.equal(came, 1_700_000_000_000);
  later(30);
  images.used(a.id);
  assert.equal(images.lastUsed(a.id), came, 'remembered to the minute');
  const used = later(60);
  images.used(a.id);
  assert.equal(images.lastUsed(a.id), used);
  const tagged = later(10);
  images.tag(a.descriptor.digest, 'docker.io/library/c:1');
  assert.equal(images.lastUsed(a.id), tagged);
  assert.equal(images.lastUsed(b.id), came);
  const again = later(100);
  images.used(b.id);
  images.remove([a.id]);
  // The container's image has been removed.
  images.used(a.id);
  const stored = db.table<{ readonly id: string }>('image_uses', { durable: false });
  assert.deepEqual(
    stored.all().map(({ id }) => id),
    [b.id],
  );
  const reopened = await openImageStore({ db, content, logger: silentLogger, bootId: 'boot' });
  assert.equal(reopened.lastUsed(b.id), again);
});

test('the time of the last tag is when a name was last given, also the same one again, and survives a restart', async (t) => {
  const { images, db, content, target } = await open(t);
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  const [name, digestName] = ['docker.io/library/a:1', `docker.io/library/a@sha256:${'d'.repeat(64)}`];
  const lastTagged = (of: ImageStore = images): string => of.get(a.id)?.lastTaggedAt ?? '';
  const a = target(1, []);
  images.add([a]);
  assert.equal(lastTagged(), '0001-01-01T00:00:00Z');
  images.add([{ ...a, names: [name] }]);
  assert.equal(lastTagged(), '2023-11-14T22:13:20Z');
  t.mock.timers.setTime(Date.now() + 60_000);
  images.add([{ ...a, names: [name] }]);
  assert.equal(lastTagged(), '2023-11-14T22:14:20Z');
  t.mock.timers.setTime(Date.now() + 60_000);
  images.add([{ ...a, names: [digestName], keepsTagTime: true }]);
  images.markDurable([a.descriptor.digest]);
  assert.equal(lastTagged(), '2023-11-14T22:14:20Z');
  images.replace(a.descriptor.digest, { ...a, descriptor: { ...a.descriptor, annotations: { form: 'other' } } });
  assert.equal(
    lastTagged(await openImageStore({ db, content, logger: silentLogger, bootId: 'boot' })),
    '2023-11-14T22:14:20Z',
  );
});
