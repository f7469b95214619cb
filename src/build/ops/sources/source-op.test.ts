import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildImage, BuildImages } from '../../ports.ts';
import { openSourceFixture } from './testing/source-fixture.ts';

const digest = (sign: string): string => `sha256:${sign.repeat(64)}`;
const CONFIG = (layer: string): Buffer =>
  Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [digest(layer)] } }));

/** Records what is asked of images, and knows one here and one at its registry. */
function recordedImages(asked: string[]): Partial<BuildImages> {
  return {
    find(ref) {
      asked.push(`find ${ref}`);
      return ref === 'docker.io/library/here:1' ? ({ diffIds: [digest('a')] } as unknown as BuildImage) : undefined;
    },
    async resolve(ref, _platform, { credentials }) {
      asked.push(`resolve ${ref} ${(await credentials('docker.io')).kind}`);
      return { digest: digest('d') as never, config: CONFIG('a') };
    },
    async pull(ref) {
      asked.push(`pull ${ref}`);
      throw new Error('pulled');
    },
  };
}

test('an image is known by its layers, here or at its registry, and pulled by digest when it is needed', async () => {
  const asked: string[] = [];
  await using fixture = await openSourceFixture(recordedImages(asked));
  await using here = await fixture.begin('docker-image://docker.io/library/here:1');
  assert.deepEqual(asked, ['find docker.io/library/here:1']);
  await using remote = await fixture.begin('docker-image://docker.io/library/there:1');
  assert.deepEqual(asked.slice(1), ['find docker.io/library/there:1', 'resolve docker.io/library/there:1 anonymous']);
  assert.deepEqual([remote.key.digest, remote.key.isLazy], [here.key.digest, true]);
  await assert.rejects(remote.run(), { message: 'pulled' });
  assert.equal(asked.at(-1), `pull docker.io/library/there:1@${digest('d')}`);

  asked.length = 0;
  await using forced = await fixture.begin('docker-image://docker.io/library/here:1', { 'image.resolvemode': 'pull' });
  assert.deepEqual(asked, ['resolve docker.io/library/here:1 anonymous']);
  assert.equal(forced.key.digest, here.key.digest);
});

test('unknown schemes, and demands that are not met, are refused', async () => {
  await using fixture = await openSourceFixture(recordedImages([]));
  await assert.rejects(fixture.begin('s3://bucket/x'), { kind: 'notImplemented', message: /"s3:\/\/bucket\/x"/ });
  await assert.rejects(fixture.begin('constructor://x'), { kind: 'notImplemented' });
  const signed = fixture.begin('git://host/r.git', { 'git.sig.pubkey': 'key' });
  await assert.rejects(signed, { kind: 'notImplemented', message: /git\.sig\.pubkey/ });
});
