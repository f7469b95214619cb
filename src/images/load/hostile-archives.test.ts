import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { config, dockerArchive, json, Layout, one, sha, two } from '../../../test/support/archives.ts';
import { imageArchive, tarArchive } from '../../../test/support/busybox-image.ts';
import { imageHost } from '../../../test/support/image-host.ts';

test('a broken or hostile archive is a clear error, and leaves nothing', async () => {
  const big = Buffer.concat([Buffer.from('[1'), Buffer.alloc(5 << 20, ',1'), Buffer.from(']')]);
  const cases: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
    'an empty body': [Buffer.alloc(0), /it has none of manifest\.json, index\.json and repositories/],
    'an empty tar': [tarArchive([]), /it has none of manifest\.json/],
    'some other tar': [one, /it has none of manifest\.json/],
    'no tar': [Buffer.alloc(4096, 'no tar at all '), /invalid tar header/],
    'a truncated tar': [dockerArchive().subarray(0, 700), /unexpected EOF/],
    'a truncated gzip': [gzipSync(dockerArchive()).subarray(0, 200), /unexpected EOF/],
    'a missing layer': [
      dockerArchive({ entries: [{ name: '1/layer.tar', content: one }] }),
      /2\/layer\.tar is missing/,
    ],
    'a missing config': [dockerArchive({ manifest: [{ Config: 'x.json', Layers: [] }] }), /x\.json is missing/],
    'too few layers': [
      dockerArchive({ manifest: [{ Config: 'c.json', Layers: ['1/layer.tar'] }] }),
      /^invalid manifest, layers length mismatch: expected 2, got 1$/,
    ],
    'another layer': [dockerArchive({ config: config([one, one]) }), /^invalid diffID for layer 1: expected "sha256:/],
    'another compressed layer': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', content: gzipSync(two) },
          { name: '2/layer.tar', content: two },
        ],
      }),
      /layer 0 \([0-9a-f]{12}\): the layer's digest is/,
    ],
    'a name that climbs out': [dockerArchive({ entries: [{ name: '../../etc/passwd', content: 'x' }] }), /leaves it/],
    'a link that climbs out': [
      dockerArchive({ entries: [{ name: '1/layer.tar', type: 'symlink', target: '../../../etc/passwd' }] }),
      /leaves it/,
    ],
    'links in a circle': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', type: 'symlink', target: '../2/layer.tar' },
          { name: '2/layer.tar', type: 'symlink', target: '../1/layer.tar' },
        ],
      }),
      /too many links/,
    ],
    'a path that climbs out': [dockerArchive({ manifest: [{ Config: '../c.json', Layers: [] }] }), /leaves it/],
    'a manifest that is not JSON': [dockerArchive({ manifest: '[{' }), /manifest\.json is not JSON/],
    'a manifest of another shape': [dockerArchive({ manifest: { a: 1 } }), /manifest\.json is not a list/],
    'a huge manifest': [dockerArchive({ manifest: big.toString() }), /is not a JSON document of at most/],
    'a bad tag': [
      dockerArchive({ manifest: [{ Config: 'c.json', RepoTags: ['t/app'], Layers: ['1/layer.tar', '2/layer.tar'] }] }),
      /^invalid tag "t\/app"$/,
    ],
    'a name in capitals': [
      dockerArchive({ manifest: [{ Config: 'c.json', RepoTags: ['App:1'], Layers: ['1/layer.tar', '2/layer.tar'] }] }),
      /must be lowercase/,
    ],
    'a config of another shape': [
      dockerArchive({ config: '{"rootfs":{"diff_ids":["x"]}}' }),
      /diff_ids\[0\] is not a digest/,
    ],
    'another system': [
      dockerArchive({ config: config([one, two], { os: 'windows' }) }),
      /^cannot load windows image on linux$/,
    ],
    'a broken bzip2 layer': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', content: 'BZh91AY' },
          { name: '2/layer.tar', content: two },
        ],
      }),
      /^broken compressed data: bzip2: /,
    ],
    'an xz layer that is another than the config says': [
      dockerArchive({
        entries: [
          { name: '1/layer.tar', content: execFileSync('xz', ['-c'], { input: two }) },
          { name: '2/layer.tar', content: two },
        ],
      }),
      /^invalid diffID for layer 0: /,
    ],
    'names without end': [
      tarArchive(Array.from({ length: 4200 }, (_, index) => ({ name: `${index}/${'n'.repeat(4000)}`, content: '{}' }))),
      /too many or too long names/,
    ],
    'layers without end': [
      dockerArchive({ manifest: Array(41).fill({ Config: 'c.json', Layers: Array(500).fill('1/layer.tar') }) }),
      /more than 20000 layers/,
    ],
    'layers in a circle': [
      tarArchive([
        { name: `${'1'.repeat(64)}/json`, content: json({ parent: '1'.repeat(64) }) },
        { name: 'repositories', content: json({ a: { b: '1'.repeat(64) } }) },
      ]),
      /layers without end/,
    ],
  };
  await using host = await imageHost();
  for (const [name, [archive, message]] of Object.entries(cases)) {
    await assert.rejects(host.load(archive), { name: 'EngineError', message }, name);
    assert.deepEqual(await host.leftovers(), [], name);
    assert.deepEqual(host.stores.images.list(), [], name);
  }
  assert.deepEqual(await host.load(dockerArchive()), ['Loaded image: t/app:1']);
});

test('a layout whose blobs are not what they are called is refused', async () => {
  await using host = await imageHost();
  const layout = new Layout();
  const manifest = layout.image([one], config([one]));
  layout.listed.push(manifest);
  const at = layout.entries.findIndex(({ name }) => name.endsWith(sha(one)));
  const size = one.length;
  layout.entries[at] = { name: `blobs/sha256/${sha(one)}`, content: Buffer.alloc(size, 'x') };
  await assert.rejects(host.load(layout.archive()), { kind: 'invalid', message: /has the digest sha256:/ });
  layout.entries[at] = { name: `blobs/sha256/${sha(one)}`, content: 'short' };
  await assert.rejects(host.load(layout.archive()), { kind: 'invalid', message: /has 5 bytes instead of/ });
  assert.deepEqual(await host.leftovers(), []);
});

test('when one layer fails the others go as well', async () => {
  await using host = await imageHost();
  host.snapshots.failing = `sha256:${sha(two)}` as typeof host.snapshots.failing;
  await assert.rejects(host.load(dockerArchive()), { kind: 'invalid', message: /^layer 1 .*hostile layer$/ });
  assert.deepEqual(await host.leftovers(), []);
});

test('a failed load takes nothing from an image that shares its layers', async () => {
  await using host = await imageHost();
  await host.load(imageArchive({ tags: ['t/base:1'], layers: [one], config: {} }));
  const before = await host.leftovers();
  await assert.rejects(host.load(dockerArchive({ config: config([one, one]) })), { kind: 'invalid' });
  assert.deepEqual(await host.leftovers(), before);
});
