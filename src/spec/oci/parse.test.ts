import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageConfig, parseIndex, parseManifest } from './parse.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const descriptor = { mediaType: 'x', digest, size: 3 };

test('documents of the right shape pass, with the fields we do not know', () => {
  const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor], vendor: { a: 1 } };
  assert.deepEqual(parseManifest(manifest), manifest);
  const index = { schemaVersion: 2, manifests: [{ ...descriptor, platform: { os: 'linux', architecture: 'amd64' } }] };
  assert.deepEqual(parseIndex(index), index);
  const config = parseImageConfig({
    os: 'linux',
    config: { Env: null, Cmd: ['a'] },
    rootfs: { diff_ids: [digest] },
    x: 1,
  });
  assert.deepEqual(config, {
    architecture: '',
    os: 'linux',
    config: { Env: null, Cmd: ['a'] },
    rootfs: { type: 'layers', diff_ids: [digest] },
    x: 1,
  });
});

test('each wrong field is named', () => {
  const rootfs = { diff_ids: [digest] };
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => parseManifest(null), /^manifest is not an object/],
    [() => parseManifest([]), /^manifest is not an object/],
    [() => parseManifest({ config: descriptor, layers: 5 }), /manifest.layers is not a list/],
    [() => parseManifest({ config: { ...descriptor, size: -1 }, layers: [] }), /manifest.config.size is not a size/],
    [() => parseManifest({ config: { ...descriptor, size: 2 ** 60 }, layers: [] }), /manifest.config.size/],
    [() => parseManifest({ config: { digest: '../../etc', size: 1 }, layers: [] }), /manifest.config.digest is not/],
    [() => parseManifest({ config: descriptor, layers: Array(501).fill(descriptor) }), /501 entries/],
    [() => parseIndex({ manifests: [{ ...descriptor, platform: { os: 1 } }] }), /index.manifests\[0\].platform.os/],
    [() => parseImageConfig({}), /image config.rootfs is not an object/],
    [() => parseImageConfig({ rootfs: { diff_ids: ['x'] } }), /diff_ids\[0\] is not a digest/],
    [() => parseImageConfig({ rootfs, config: { Env: 'A=b' } }), /config.Env is not a list of strings/],
    [() => parseImageConfig({ rootfs, config: { Labels: { a: 1 } } }), /config.Labels is not a map of strings/],
    [() => parseImageConfig({ rootfs, history: [3] }), /history\[0\] is not an object/],
    [() => parseImageConfig({ rootfs, created: 7 }), /image config.created is not a string/],
  ];
  for (const [parse, message] of cases) assert.throws(parse, { kind: 'invalid', message });
});
