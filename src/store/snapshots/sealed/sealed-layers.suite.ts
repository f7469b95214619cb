import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Digest } from '../../../base/ids.ts';
import { silentLogger } from '../../../base/logger.ts';
import { readMountInfo } from '../../../linux/index.ts';
import { type ContentStore, openContentStore } from '../../content/index.ts';
import type { LayerKey } from '../layer.ts';
import { digestOf, dir, type Fixture, file, NEVER, openFixture } from '../snapshots.fixture.ts';

const HOUR = 1_000_000_000;

interface Step {
  readonly base: readonly LayerKey[] | readonly Digest[];
  readonly run: (root: string) => void;
}

/** Runs a build step in a writable, and seals it. */
async function step({ snapshots }: Fixture, id: string, { base, run }: Step): Promise<LayerKey | undefined> {
  await snapshots.createWritable(id, base);
  run(await snapshots.mount(id, { isVolatile: true, hasMountPoints: true }));
  return snapshots.sealed.seal(id);
}

async function sealed(fixture: Fixture, id: string, made: Step): Promise<LayerKey> {
  const key = await step(fixture, id, made);
  assert.ok(key !== undefined);
  return key;
}

const contentIn = (fixture: Fixture): ContentStore => openContentStore(join(fixture.folder, 'content'), silentLogger);

/** Registers the tests that every driver passes. */
export function sealedLayersSuite(driver: 'overlay2' | 'vfs'): void {
  test(`${driver}: a writable becomes a layer without its empty mount points, and the next step stands on it`, async () => {
    await using fixture = openFixture(driver);
    const { snapshots } = fixture;
    const image = await fixture.layer([dir('a/'), file('a/old'), file('gone'), dir('etc/', 0o750)]);
    const base = snapshots.chain([image]);
    const first = await sealed(fixture, 'one', {
      base,
      run(root) {
        writeFileSync(join(root, 'a/new'), 'x'.repeat(100));
        rmSync(join(root, 'gone'));
        writeFileSync(join(root, 'etc/hosts'), 'kept');
        chmodSync(root, 0o711);
      },
    });
    assert.match(first, /^sealed-[0-9a-f]{32}$/);
    assert.deepEqual(snapshots.writables(), []);
    const known = snapshots.layers().find(({ key }) => key === first);
    assert.deepEqual([known?.diffIds, known?.sizeBytes], [[], 104]);
    const second = await sealed(fixture, 'two', {
      base: [...base, first],
      run(root) {
        assert.deepEqual(readdirSync(join(root, 'a')).sort(), ['new', 'old']);
        assert.equal(existsSync(join(root, 'gone')), false);
        assert.equal(lstatSync(root).mode & 0o7777, 0o711);
        assert.equal(readFileSync(join(root, 'etc/hosts'), 'utf8'), 'kept');
        rmSync(join(root, 'a'), { recursive: true });
        mkdirSync(join(root, 'a'));
        writeFileSync(join(root, 'a/only'), '');
      },
    });
    await using view = await snapshots.sealed.view([...base, first, second]);
    assert.deepEqual(readdirSync(view.path).sort(), ['a', 'etc']);
    assert.deepEqual(readdirSync(join(view.path, 'etc')), ['hosts']);
    assert.equal(lstatSync(join(view.path, 'etc')).mode & 0o7777, 0o750);
    assert.deepEqual(readdirSync(join(view.path, 'a')), ['only']);
  });

  test(`${driver}: a writable without a change is no layer, whatever a runtime made in it`, async () => {
    await using fixture = openFixture(driver);
    const image = await fixture.layer([dir('etc/'), file('etc/hosts'), dir('run/'), file('f')]);
    const made: Step = {
      base: [image],
      run(root) {
        mkdirSync(join(root, 'run/secrets'), { recursive: true });
        writeFileSync(join(root, 'dev/console'), '');
      },
    };
    assert.equal(await step(fixture, 'none', made), undefined);
    assert.deepEqual(fixture.snapshots.writables(), []);
    assert.equal(await step(fixture, 'scratch', { base: [], run: () => {} }), undefined);
    const socket: Step = { base: [image], run: (root) => writeFileSync(join(root, 'dev/other'), '') };
    assert.ok(await step(fixture, 'dev', socket));
    await assert.rejects(fixture.snapshots.sealed.seal('none'), { kind: 'notFound' });
  });

  test(`${driver}: a root in use is not sealed, and hostile links at the places of mount points lead nowhere`, async () => {
    await using fixture = openFixture(driver);
    const { snapshots } = fixture;
    await snapshots.createWritable('c', []);
    {
      await using used = await snapshots.use('c');
      await assert.rejects(snapshots.sealed.seal('c'), { kind: 'conflict' });
      writeFileSync(join(used.path, 'f'), '');
    }
    const outside = join(fixture.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'hosts'), '');
    const root = await snapshots.mount('c');
    symlinkSync(outside, join(root, 'etc'));
    assert.ok(await snapshots.sealed.seal('c'));
    assert.ok(existsSync(join(outside, 'hosts')));
  });

  test(`${driver}: readers of a chain share a mount, which keeps its layers and goes with the last of them`, async () => {
    await using fixture = openFixture(driver);
    const { snapshots } = fixture;
    const image = await fixture.layer([dir('a/'), file('a/f')]);
    const base = snapshots.chain([image]);
    const top = await sealed(fixture, 'c', { base, run: (root) => rmSync(join(root, 'a/f')) });
    const chain = [...base, top];
    const mounts = (): number =>
      readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(fixture.folder)).length;
    assert.equal(mounts(), 0);
    {
      await using one = await snapshots.sealed.view(chain);
      {
        await using two = await snapshots.sealed.view(chain);
        assert.equal(one.path, two.path);
        assert.equal(mounts(), driver === 'overlay2' ? 1 : 0);
      }
      assert.deepEqual(readdirSync(join(one.path, 'a')), []);
      assert.deepEqual(snapshots.layersInUse(), new Set(chain));
      await assert.rejects(snapshots.removeLayer(top), { kind: 'conflict' });
    }
    assert.equal(mounts(), 0);
    {
      await using lone = await snapshots.sealed.view(base);
      await using nothing = await snapshots.sealed.view([]);
      assert.equal(mounts(), 0, 'a lone layer needs no mount');
      assert.deepEqual([readdirSync(lone.path), readdirSync(nothing.path)], [['a'], []]);
    }
    if (driver === 'overlay2') {
      await using alone = await snapshots.sealed.view([top]);
      assert.deepEqual(readdirSync(join(alone.path, 'a')), [], 'what it hides is not there');
    }
    await snapshots.removeLayer(top);
    await snapshots.removeLayer(top);
    await assert.rejects(snapshots.sealed.view(chain), { kind: 'notFound' });
  });

  test(`${driver}: an identified layer is the engine's, as a commit would make it, and its old key still leads to it`, async () => {
    await using fixture = openFixture(driver);
    const { snapshots } = fixture;
    const content = contentIn(fixture);
    const image = await fixture.layer([dir('a/'), file('a/old'), file('gone')]);
    const base = snapshots.chain([image]);
    await snapshots.createWritable('c', [image]);
    const root = await snapshots.mount('c', { hasMountPoints: true });
    writeFileSync(join(root, 'a/new'), 'new');
    rmSync(join(root, 'gone'));
    const committed = digestOf(Buffer.concat(await (await snapshots.files.layer('c', NEVER)).toArray()));
    const key = await snapshots.sealed.seal('c');
    assert.ok(key !== undefined);
    await snapshots.createWritable('above', [...base, key]);
    const above = await snapshots.mount('above');
    await using view = await snapshots.sealed.view([...base, key]);

    const claimed: Digest[] = [];
    const claim = (blob: { readonly digest: Digest }): void => void claimed.push(blob.digest);
    const made = await snapshots.sealed.identify(key, { below: base, content, claim }, NEVER);
    assert.deepEqual([made.diffId, made.digest], [committed, committed]);
    assert.deepEqual(claimed, [committed]);
    assert.deepEqual(snapshots.chain([image, committed]), [...base, made.key]);
    assert.notEqual(made.key, key);
    const known = snapshots.layers().find((layer) => layer.key === made.key);
    assert.deepEqual([known?.diffIds.at(-1), known?.sealedAs], [committed, key]);
    for (const shown of [above, view.path]) assert.equal(readFileSync(join(shown, 'a/new'), 'utf8'), 'new');
    assert.deepEqual(await snapshots.sealed.identify(key, { below: base, content }, NEVER), made, 'again');
    await assert.rejects(snapshots.removeLayer(made.key), { kind: 'conflict' });

    await view[Symbol.asyncDispose]();
    await snapshots.unmount('above');
    await fixture.reopen();
    assert.equal(readFileSync(join(await fixture.snapshots.mount('above'), 'a/new'), 'utf8'), 'new');
    assert.deepEqual(fixture.snapshots.chain([image, committed]), [...base, made.key]);
    await fixture.snapshots.swept();
    assert.deepEqual(fixture.snapshots.audit(), []);
    await fixture.snapshots.removeWritable('above');
    await fixture.snapshots.removeLayer(key);
    assert.equal(fixture.snapshots.layers().length, 1);
  });

  test(`${driver}: compressed archives, one that exists unpacked, and later times`, async () => {
    await using fixture = openFixture(driver);
    const { snapshots } = fixture;
    const content = contentIn(fixture);
    const write = (root: string): void => {
      writeFileSync(join(root, 'f'), 'y'.repeat(700_000));
      utimesSync(join(root, 'f'), HOUR, HOUR);
      utimesSync(root, HOUR, HOUR);
    };
    const [one, two] = [
      await sealed(fixture, 'one', { base: [], run: write }),
      await sealed(fixture, 'two', { base: [], run: write }),
    ];
    const gzip = { below: [], content, compression: { kind: 'gzip', level: 1 } } as const;
    const first = await snapshots.sealed.identify(one, gzip, NEVER);
    const zstd = { ...gzip, compression: { kind: 'zstd', level: 3 } } as const;
    const second = await snapshots.sealed.identify(two, zstd, NEVER);
    assert.deepEqual([second.diffId, second.key], [first.diffId, first.key], 'the same files give the same bytes');
    assert.notEqual(first.digest, second.digest);
    assert.equal(digestOf(gunzipSync(content.read(first.digest))), first.diffId);
    const plain = zstdDecompressSync(content.read(second.digest));
    assert.deepEqual([digestOf(plain), plain.length], [first.diffId, first.uncompressedBytes]);
    assert.deepEqual([content.sizeBytes(first.digest), first.sizeBytes < 10_000], [first.sizeBytes, true]);
    await snapshots.removeLayer(two);
    assert.deepEqual(snapshots.chain([first.diffId]), [first.key]);

    const three = await sealed(fixture, 'three', {
      base: [],
      run(root) {
        write(root);
        utimesSync(join(root, 'f'), HOUR + 5, HOUR + 5);
      },
    });
    const clamped = await snapshots.sealed.identify(three, { below: [], content, clampSeconds: HOUR }, NEVER);
    assert.deepEqual([clamped.diffId, clamped.key], [first.diffId, first.key]);
    const early = await snapshots.sealed.identify(three, { below: [], content, clampSeconds: HOUR - 5 }, NEVER);
    assert.notEqual(early.key, three, 'its files are others');
    await using view = await snapshots.sealed.view([early.key]);
    assert.equal(lstatSync(join(view.path, 'f')).mtimeMs, (HOUR - 5) * 1000);
    const itself = await snapshots.sealed.identify(three, { below: [], content }, NEVER);
    assert.equal(snapshots.layers().find(({ key }) => key === itself.key)?.sealedAs, three);
    const over = await sealed(fixture, 'over', { base: [early.key], run: (root) => rmSync(join(root, 'f')) });
    const aborted = AbortSignal.abort();
    const request = { below: [early.key], content };
    await assert.rejects(snapshots.sealed.identify(over, request, aborted), { kind: 'cancelled' });
    const lost = await sealed(fixture, 'lost', { base: [early.key, over], run: write });
    const unknown = { below: [early.key, over], content };
    await assert.rejects(snapshots.sealed.identify(lost, unknown, NEVER), { kind: 'conflict' });
  });

  test(`${driver}: what is copied from a view of layers into a writable has the same sum in the sealed layer`, async () => {
    await using fixture = openFixture(driver);
    const { snapshots } = fixture;
    const image = await fixture.layer([
      dir('a/', 0o750),
      file('a/one'),
      dir('a/deep/'),
      file('a/deep/two', 'x', 0o600),
    ]);
    const base = snapshots.chain([image]);
    const top = await sealed(fixture, 'top', { base, run: (root) => writeFileSync(join(root, 'a/three'), '3') });
    await using view = await snapshots.sealed.view([...base, top]);
    await snapshots.createWritable('copy', base);
    const target = await snapshots.mount('copy');
    const { rootFiles } = snapshots;
    const from = { path: 'a' };
    await rootFiles.copy(
      { source: view.path, from, target, to: '/new/place', makesParents: true, copiesContent: true },
      NEVER,
    );
    const made = await snapshots.sealed.seal('copy');
    assert.ok(made !== undefined);
    await using copied = await snapshots.sealed.view([...base, made]);
    const sumOf = (root: string, path: string): Promise<readonly string[]> => rootFiles.sums(root, [{ path }], NEVER);
    assert.deepEqual(await sumOf(copied.path, 'new/place'), await sumOf(view.path, 'a'));
    assert.notDeepEqual(await sumOf(copied.path, 'a'), await sumOf(view.path, 'a'));
  });

  test(`${driver}: a crash while sealing leaves the writable or the layer, and sealing again ends it`, async () => {
    await using fixture = openFixture(driver);
    const at = (...parts: string[]): string => join(fixture.folder, 'snapshots', ...parts);
    await fixture.snapshots.createWritable('c', []);
    writeFileSync(join(await fixture.snapshots.mount('c'), 'f'), '');
    await fixture.snapshots.unmount('c');
    // Before the rename.
    writeFileSync(at('writables/c/layer.json'), '{"key":');
    await fixture.reopen();
    const key = await fixture.snapshots.sealed.seal('c');
    assert.ok(key !== undefined);
    assert.deepEqual(readdirSync(at('layers', key)).sort(), ['fs', 'layer.json']);
    // After it.
    writeFileSync(at('layers', key, 'on.json'), '[]');
    mkdirSync(at('layers', key, 'work/work'), { recursive: true });
    await fixture.reopen();
    assert.deepEqual(readdirSync(at('layers', key)).sort(), ['fs', 'layer.json']);
    assert.equal(await fixture.snapshots.sealed.seal('c'), key);
    await fixture.snapshots.swept();
    assert.deepEqual(fixture.snapshots.audit(), []);
  });

  test(`${driver}: the check finds a sealed layer without its tree, and forgets it`, async () => {
    await using fixture = openFixture(driver);
    const key = await sealed(fixture, 'c', { base: [], run: (root) => writeFileSync(join(root, 'f'), '') });
    renameSync(join(fixture.folder, 'snapshots/layers', key), join(fixture.folder, 'moved'));
    await fixture.snapshots.swept();
    const [finding, ...others] = fixture.snapshots.audit();
    assert.deepEqual([finding?.kind, finding?.subject, others], ['layer-damaged', key, []]);
    assert.match(finding?.advice ?? '', /the next build makes it again/);
    await finding?.repair?.();
    await fixture.snapshots.swept();
    assert.deepEqual([fixture.snapshots.audit(), fixture.snapshots.layers()], [[], []]);
  });
}
