import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tarArchive } from '../../../../../test/support/busybox-image.ts';
import { code, GrpcError, serve } from '../../../../grpc/index.ts';
import { content } from '../../../../grpc/messages/content.ts';
import { hostPlatform } from '../../../../spec/index.ts';
import { connectClient } from '../../../session/testing/test-client.ts';
import { DRIVERS } from '../../testing/ops-fixture.ts';
import { openSourceFixture } from '../testing/source-fixture.ts';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Blobs of an index with an image for this machine and one for another. */
function layout() {
  const blobs = new Map<string, Buffer>();
  const add = (bytes: Buffer): { digest: string; size: number } => {
    blobs.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const addJson = (value: object) => add(Buffer.from(JSON.stringify(value)));
  const image = (text: string, platform: object) => {
    const tars = [
      tarArchive([{ name: 'f', content: Buffer.from(text) }]),
      tarArchive([{ name: 'g', content: Buffer.from('g') }]),
    ];
    const config = addJson({ ...platform, rootfs: { type: 'layers', diff_ids: tars.map(digestOf) }, config: {} });
    const layers = tars.map((tar) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      ...add(gzipSync(tar)),
    }));
    const manifest = addJson({
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers,
    });
    return { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, platform };
  };
  const manifests = [image('other', { os: 'linux', architecture: 's390x' }), image('own', hostPlatform())];
  return { blobs, index: addJson({ schemaVersion: 2, manifests }).digest, manifest: manifests[1]?.digest ?? '' };
}

for (const driver of DRIVERS)
  test(`an image of a client’s layout is unpacked when it is needed, and each blob is checked, on ${driver}`, async () => {
    const { blobs, index, manifest } = layout();
    const read: string[] = [];
    await using fixture = await openSourceFixture(undefined, driver);
    await using client = await connectClient({
      sessions: fixture.sessions,
      served: serve(content, {
        async *Read({ digest }, { metadata }) {
          assert.equal(metadata.get('buildkit-attachable-store-id'), 'oci:store');
          read.push(digest);
          const bytes = blobs.get(digest);
          if (bytes === undefined) throw new GrpcError(code.notFound, `content ${digest}: not found`);
          yield { data: bytes };
        },
      }),
    });
    const attrs = { 'oci.session': client.session.id, 'oci.store': 'store' };
    await using step = await fixture.begin(`oci-layout://store@${index}`, attrs);
    assert.deepEqual([step.key.isLazy, read.length], [true, 3]);
    const root = await step.run();
    assert.deepEqual([readFileSync(join(root, 'f'), 'utf8'), readFileSync(join(root, 'g'), 'utf8')], ['own', 'g']);
    const tree = await step.tree();
    assert.ok(tree.kind === 'layers' && tree.layers.every(({ blob, diffId }) => blob && diffId));
    await using same = await fixture.begin(`oci-layout://store@${manifest}`, attrs);
    assert.equal(same.key.digest, step.key.digest);

    await assert.rejects(fixture.begin(`oci-layout://store@sha256:${'0'.repeat(64)}`, attrs), { kind: 'notFound' });
    blobs.set(manifest, Buffer.from('{}'));
    await assert.rejects(fixture.begin(`oci-layout://store@${manifest}`, attrs), {
      kind: 'invalid',
      message: /another digest/,
    });
  });
