import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { config, dockerArchive, Layout, one, two } from '../../../test/support/archives.ts';
import { faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';
import type { Digest } from '../../base/ids.ts';
import type { Finding } from '../finding.ts';
import type { EngineObjects } from './audit-objects.ts';
import { type CheckDeps, type CheckReport, createStoreCheck } from './check-store.ts';

/** The value of `distribution`, which this folder may not import. */
const ANONYMOUS = { kind: 'anonymous' } as const;
const never = new AbortController().signal;

function objectsIn(root: string, containers: ReturnType<EngineObjects['containers']> = []): EngineObjects {
  return {
    containers: () => containers,
    containersFolder: join(root, 'containers'),
    volumes: () => [],
    volumesFolder: join(root, 'volumes'),
    mountRoot: join(root, 'rootfs'),
    isInProgress: () => false,
  };
}

function depsOf(host: ImageHost, change: Partial<CheckDeps> = {}): CheckDeps {
  return {
    ...host.stores,
    objects: objectsIn(host.root),
    auditSnapshots: () => [],
    swept: () => host.stores.content.swept(),
    recheckDelayMs: 20,
    ...change,
  };
}

async function check(host: ImageHost, options: Partial<CheckDeps> & { repair?: boolean } = {}): Promise<CheckReport> {
  const { repair = false, ...change } = options;
  return createStoreCheck(depsOf(host, change)).run({ repair }, () => {}, never);
}

const kinds = ({ findings }: CheckReport): string[] => findings.map(({ kind }) => kind).sort();

test('a store of images that came whole is sound, and progress reaches its end', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  const shown: [number, number][] = [];
  const report = await createStoreCheck(depsOf(host)).run(
    { repair: true },
    (current, total) => void shown.push([current, total]),
    never,
  );
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.blobs, report.images, report.layers], [4, 1, 2]);
  assert.deepEqual(shown.at(-1), [report.bytes, report.bytes]);
});

test('a missing attestation, a layer that grew, and an unpacked layer that is gone are each told with their image', async () => {
  await using host = await imageHost();
  const layout = new Layout();
  const image = layout.image([one, two], config([one, two]));
  const statement = layout.image([two], config([two]));
  const attestation = { ...statement, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } };
  layout.listed.push({
    ...layout.index([image, attestation]),
    annotations: { 'io.containerd.image.name': 'docker.io/t/app:1' },
  });
  await host.load(layout.archive());
  const [layer, top] = host.stores.images.resolve('t/app:1').manifest.layers;
  assert.ok(layer !== undefined && top !== undefined);
  rmSync(host.stores.content.path(attestation.digest as Digest));
  appendFileSync(host.stores.content.path(layer.digest), 'x');
  const [unpacked] = host.snapshots.layers();
  assert.ok(unpacked !== undefined);
  await host.snapshots.removeLayer(unpacked.key);

  const report = await check(host);
  assert.deepEqual(kinds(report), ['blob-corrupt', 'blob-missing', 'blob-size', 'layer-missing']);
  for (const { problem, advice } of report.findings) assert.match(`${problem} ${advice}`, /t\/app:1/);
  // The layer is unpacked from a changed blob. That fails, and the report says so.
  const repaired = await check(host, { repair: true });
  assert.ok(repaired.findings.every(({ remains }) => remains));
  assert.match(
    repaired.findings.find(({ kind }) => kind === 'layer-missing')?.repaired ?? '',
    /^could not be repaired: /,
  );

  await host.load(layout.archive());
  assert.deepEqual(kinds(await check(host, { repair: true })), ['leftover']);
  assert.deepEqual(kinds(await check(host)), []);
});

test('a broken blob that something else than an image keeps is put aside, one that nothing keeps is deleted', async () => {
  await using host = await imageHost();
  const { content, collector } = host.stores;
  const broken = (text: string): Digest => {
    const digest = content.put(Buffer.from(text));
    writeFileSync(content.path(digest), `not ${text}`);
    return digest;
  };
  const kept = broken('kept');
  const loose = broken('loose');
  await using lease = collector.lease();
  lease.blob(kept);
  const report = await check(host, { repair: true });
  assert.deepEqual(kinds(report), ['blob-corrupt', 'blob-corrupt', 'blob-unused']);
  assert.deepEqual([content.has(kept), content.has(loose)], [false, false]);
  assert.deepEqual(
    content
      .quarantined()
      .map(({ digest }) => digest)
      .sort(),
    [kept, loose].sort(),
  );
  // The repair deletes only unused content.
  await check(host, { repair: true });
  assert.deepEqual(
    content.quarantined().map(({ digest }) => digest),
    [kept],
  );
  await lease[Symbol.asyncDispose]();
  await check(host, { repair: true });
  assert.deepEqual(content.quarantined(), []);
});

test('what is wrong for a moment only is not reported', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  const passing: Finding = { kind: 'leftover', subject: 'passing', problem: 'p', advice: 'a' };
  const lasting: Finding = { ...passing, subject: 'lasting' };
  let looks = 0;
  const report = await check(host, {
    auditSnapshots: () => {
      looks += 1;
      return looks === 1 ? [passing, lasting] : [lasting, { ...passing, subject: 'fresh' }];
    },
  });
  assert.deepEqual(
    report.findings.map(({ subject }) => subject),
    ['lasting'],
  );
});

test('containers without a writable layer, and folders that no record knows', async () => {
  await using host = await imageHost();
  const [ready, made] = ['a'.repeat(64), 'b'.repeat(64)];
  mkdirSync(join(host.root, 'containers', ready), { recursive: true });
  mkdirSync(join(host.root, 'containers', 'c'.repeat(64)), { recursive: true });
  mkdirSync(join(host.root, 'volumes', '.trash'), { recursive: true });
  mkdirSync(join(host.root, 'volumes', 'data'), { recursive: true });
  await host.snapshots.createWritable('d'.repeat(64), []);
  await host.snapshots.createWritable(`${ready}-view`, []);
  const containers = [
    { id: ready, roots: [ready, `${ready}-view`], isReady: true, isRunning: false },
    { id: made, roots: [made], isReady: false, isRunning: false },
  ];
  const report = await check(host, { objects: objectsIn(host.root, containers), repair: true });
  assert.deepEqual(kinds(report), ['folder-unknown', 'folder-unknown', 'root-missing', 'root-unknown']);
  assert.deepEqual(host.snapshots.writables(), [`${ready}-view`]);
  assert.ok(existsSync(join(host.root, 'volumes', 'data')), 'folders may hold somebody’s data');
});

test('a check ends when its client goes, and only one runs at a time', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  await host.stores.idle();
  renameSync(join(host.root, 'content/index.json'), join(host.root, 'content/index.old'));
  const running = createStoreCheck(depsOf(host));
  const stop = new AbortController();
  const first = running.run({ repair: false }, () => {}, stop.signal);
  await assert.rejects(
    running.run({ repair: false }, () => {}, never),
    { kind: 'conflict' },
  );
  stop.abort();
  await assert.rejects(first);
  assert.deepEqual(kinds(await running.run({ repair: true }, () => {}, never)), ['index-stale']);
  assert.deepEqual(kinds(await running.run({ repair: true }, () => {}, never)), []);
});

test('an image that was pushed and lost a compressed layer is whole again after a load of its plain archive', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  await host.load(dockerArchive());
  const name = `${registry.host}/t/app`;
  await host.images.tag('t/app:1', { repo: name, tag: '1' });
  await host.images.push({ image: name, tag: '1', credentials: ANONYMOUS }, () => {}, never);
  const [layer] = host.stores.images.resolve('t/app:1').manifest.layers;
  assert.ok(layer !== undefined);
  assert.match(layer.mediaType, /\+gzip$/);
  writeFileSync(host.stores.content.path(layer.digest), 'rotten');
  assert.deepEqual(kinds(await check(host, { repair: true })), ['blob-corrupt', 'blob-size']);
  assert.deepEqual(kinds(await check(host)), ['blob-missing']);

  await host.load(dockerArchive());
  assert.deepEqual(kinds(await check(host, { repair: true })), ['leftover']);
  assert.deepEqual(kinds(await check(host)), []);
  const image = host.stores.images.resolve(`${name}:1`);
  assert.deepEqual(image.names.toSorted(), [`${name}:1`, 'docker.io/t/app:1'].sort());
  assert.equal(host.stores.images.targets().length, 1);
  // A pull would serve as well.
  await host.images.push({ image: name, tag: '1', credentials: ANONYMOUS }, () => {}, never);
});
