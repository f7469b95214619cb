// What a layer may unpack to, and what it is said to take.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { config, dockerArchive } from '../support/archives.ts';
import { type TarEntry, tarArchive } from '../support/busybox-image.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { faultyRegistry } from '../support/faulty-registry.ts';
import { loadBusybox } from '../support/fixture.ts';

const MEBIBYTE = 1 << 20;

/** An archive of one image with one layer, stored as `pack` makes it. */
function imageOf(entries: readonly TarEntry[], pack: (tar: Buffer) => Buffer, tag: string): Buffer {
  const tar = tarArchive(entries);
  return dockerArchive({
    config: config([tar]),
    manifest: [{ Config: 'c.json', RepoTags: [tag], Layers: ['1/layer.tar'] }],
    entries: [{ name: '1/layer.tar', content: pack(tar) }],
  });
}

async function refusal(engine: TestEngine, input: Buffer): Promise<string> {
  const { code, stderr, stdout } = await engine.gantry(['load', '-q'], { input });
  assert.equal(code, 1, stdout);
  return stderr.trim();
}

test('a layer of zeros is taken, however well it compresses', async () => {
  await using engine = await startEngine();
  const zeros = [{ name: 'zeros', content: Buffer.alloc(300 * MEBIBYTE) }];
  const packed = (tar: Buffer): Buffer => {
    const bytes = zstdCompressSync(tar);
    assert.ok(tar.length / bytes.length > 2000);
    return bytes;
  };
  await engine.ok('gantry', ['load', '-q'], { input: imageOf(zeros, packed, 'zeros:1') });
  assert.equal(await engine.ok('gantry', ['image', 'inspect', '-f', '{{.Size}}', 'zeros:1']), String(300 * MEBIBYTE));
  await engine.ok('gantry', ['rmi', 'zeros:1']);
});

test('layers beyond the configured bytes or entries are refused, and nothing is left of them', async () => {
  await using engine = await startEngine({ flags: ['--unpack-max-bytes', '20m', '--unpack-max-entries', '500'] });
  const folders = (): readonly string[] =>
    ['content/blobs/sha256', 'content/ingest', 'snapshots/layers', 'snapshots/new'].flatMap((folder) =>
      readdirSync(join(engine.dataRoot, folder)),
    );
  const before = folders();
  const large = [{ name: 'large', content: Buffer.alloc(21 * MEBIBYTE) }];
  const limit = /archive exceeds the limit of 20971520 bytes/;
  for (const pack of [zstdCompressSync, gzipSync, (tar: Buffer): Buffer => tar])
    assert.match(await refusal(engine, imageOf(large, pack, 'large:1')), limit);
  const { code, stderr } = await engine.gantry(['import', '-', 'large:1'], {
    input: zstdCompressSync(tarArchive(large)),
  });
  assert.deepEqual([code, limit.test(stderr)], [1, true], stderr);

  await using registry = await faultyRegistry();
  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    const layerType = `application/vnd.oci.image.layer.v1.tar+${name}`;
    registry.publish(name, '1', [tarArchive(large)], { compress, layerType });
    const pulled = await engine.gantry(['pull', '-q', `${registry.host}/${name}:1`]);
    assert.deepEqual([pulled.code, limit.test(pulled.stderr)], [1, true], pulled.stderr);
  }
  assert.deepEqual(folders(), before);

  const many = Array.from({ length: 501 }, (_, at) => ({ name: `f${at}` }));
  assert.match(await refusal(engine, imageOf(many, gzipSync, 'many:1')), /exceeds the limit of 500 entries/);
  assert.deepEqual(folders(), before);

  await engine.ok('gantry', ['load', '-q'], { input: imageOf(many.slice(1), gzipSync, 'many:1') });
  await engine.ok('gantry', ['load', '-q'], {
    input: imageOf([{ name: 'l', content: Buffer.alloc(19 * MEBIBYTE) }], gzipSync, 'l:1'),
  });
  await engine.ok('gantry', ['rmi', 'many:1', 'l:1']);
});

test('sizes of images and containers count the targets of symlinks, files with several names once, as dockerd does', async () => {
  await using engine = await startEngine();
  await loadBusybox(engine);
  const script =
    'ln -s 0123456789 /l; mkdir /d; echo -n abc > /f; ln /f /g; mknod /n c 1 3; mkfifo /p; truncate -s 1000000 /sp; ' +
    'ln -s /x /d/long; rm /bin/ls';
  const ok = (...args: string[]): Promise<string> => engine.ok('gantry', args);
  await ok('run', '--name', 'sized', 'busybox', 'sh', '-c', script);
  const { SizeRw, SizeRootFs } = JSON.parse((await engine.api('GET', '/containers/sized/json?size=1')).body) as {
    readonly SizeRw: number;
    readonly SizeRootFs: number;
  };
  const size = async (image: string): Promise<number> => Number(await ok('image', 'inspect', '-f', '{{.Size}}', image));
  // dockerd 28.5: 1,000,000 of the sparse file, 3 of the file with two names, 10 and 2 of the links.
  assert.equal(SizeRw, 1_000_015);
  assert.equal(SizeRootFs, (await size('busybox')) + 1_000_015);
  await ok('commit', 'sized', 'sized:1');
  assert.equal(await size('sized:1'), (await size('busybox')) + 1_000_015);
  await ok('rm', 'sized');
  await ok('rmi', 'sized:1');
});
