import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, dockerArchive, json, Layout, one } from '../../../test/support/archives.ts';
import { imageHost } from '../../../test/support/image-host.ts';

const ALL = { platforms: [], types: [], statement: false };

test('statements about the image of a platform are told by type, whole where asked for', async () => {
  const layout = new Layout();
  const platform = { os: 'linux', architecture: 'amd64' };
  const image = { ...layout.image([one], config([one])), platform };
  const provenance = { predicateType: 'https://slsa.dev/provenance/v0.2', predicate: { by: 'us' } };
  const sbom = { predicateType: 'https://spdx.dev/Document' };
  const layers = [provenance, sbom].map((statement) => layout.blob(json(statement), 'application/vnd.in-toto+json'));
  const annotated = { ...layers[0], annotations: { 'in-toto.io/predicate-type': provenance.predicateType } };
  const manifest = {
    schemaVersion: 2,
    config: layout.blob('{}', 'application/vnd.oci.image.config.v1+json'),
    layers: [annotated, layers[1]],
  };
  const attestation = {
    ...layout.blob(json(manifest), 'application/vnd.oci.image.manifest.v1+json'),
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': image.digest },
  };
  const index = layout.index([image, attestation]);
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': 'docker.io/t/attested:1' } });
  await using host = await imageHost();
  await host.load(layout.archive());
  const { images } = host;
  assert.deepEqual(await images.attestations('t/attested:1', ALL), [
    { Descriptor: annotated, PredicateType: provenance.predicateType },
    { Descriptor: layers[1], PredicateType: sbom.predicateType },
  ]);
  assert.deepEqual(
    await images.attestations('t/attested:1', { ...ALL, types: [provenance.predicateType], statement: true }),
    [{ Descriptor: annotated, PredicateType: provenance.predicateType, Statement: provenance }],
  );
  await assert.rejects(images.attestations('t/attested:1', { ...ALL, platforms: [platform, platform] }), {
    kind: 'invalid',
  });
  const arm = { os: 'linux', architecture: 'arm64' };
  await assert.rejects(images.attestations('t/attested:1', { ...ALL, platforms: [arm] }), { kind: 'notFound' });
  await host.load(dockerArchive());
  assert.deepEqual(await images.attestations('t/app:1', ALL), []);
});
