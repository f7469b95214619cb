import assert from 'node:assert/strict';
import { test } from 'node:test';
import { artifactOf, imagesIndex } from './manifests.ts';
import type { PublishedFile } from './published-files.ts';

const file: PublishedFile = {
  mediaType: 'application/vnd.docker.compose.file+yaml',
  annotations: { 'com.docker.compose.file': 's.yaml', 'com.docker.compose.version': '2.40.3' },
  content: Buffer.from('services:\n  a: {image: x}\n'),
};
const now = new Date('2026-11-30T21:58:42.123Z');

/** What docker compose 2.40.3 has pushed for this file. */
const LAYER =
  '{"mediaType":"application/vnd.docker.compose.file+yaml","digest":"sha256:b426fbcca5c8ab3e0325787a8f2270e7e180ad6f2ee94804d08a9a3407a14044","size":26,"annotations":{"com.docker.compose.file":"s.yaml","com.docker.compose.version":"2.40.3"},"data":"c2VydmljZXM6CiAgYToge2ltYWdlOiB4fQo="}';
const EMPTY =
  '"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}';
const END = '"annotations":{"org.opencontainers.image.created":"2026-11-30T21:58:42Z"}}';

test('manifests are those of docker compose, byte for byte', () => {
  const typed = artifactOf([file], '1.1', now);
  assert.equal(
    typed.manifest.content.toString(),
    `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.docker.compose.project","config":{"mediaType":"application/vnd.oci.empty.v1+json",${EMPTY},"layers":[${LAYER}],${END}`,
  );
  assert.deepEqual(
    typed.blobs.map(({ content }) => content.toString()),
    ['{}', file.content.toString()],
  );
  const old = artifactOf([file], '1.0', now);
  assert.equal(
    old.manifest.content.toString(),
    `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.docker.compose.config.empty.v1+json",${EMPTY},"layers":[${LAYER}],${END}`,
  );
});

test('the list of images refers to the project', () => {
  const { manifest } = artifactOf([file], '1.1', now);
  const { descriptor, content } = imagesIndex([], manifest.descriptor);
  const { digest, size } = manifest.descriptor;
  assert.equal(
    content.toString(),
    `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"${digest}","size":${size},"annotations":{"com.docker.compose.version":"2.40.3"},"artifactType":"application/vnd.docker.compose.project"},"annotations":{"com.docker.compose.version":"2.40.3"}}`,
  );
  assert.equal(descriptor.size, content.length);
});
