import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { dockerArchive, config as imageConfig, json, Layout, one, sha, two } from '../../../test/support/archives.ts';
import { tarArchive } from '../../../test/support/busybox-image.ts';
import { faultyRegistry, sendError } from '../../../test/support/faulty-registry.ts';
import { type ImageHost, imageHost } from '../../../test/support/image-host.ts';
import { ANONYMOUS } from '../../distribution/index.ts';
import type { PushRequest } from './push-image.ts';

const never = new AbortController().signal;

async function push(
  host: ImageHost,
  image: string,
  request: Partial<PushRequest> = {},
): Promise<Readonly<Record<string, unknown>>[]> {
  const messages: Readonly<Record<string, unknown>>[] = [];
  const whole = { image, tag: 'latest', credentials: ANONYMOUS, ...request };
  await host.images.push(whole, (message) => void messages.push(message), never);
  return messages;
}

const pullFrom = (host: ImageHost, image: string): Promise<void> =>
  host.images.pull({ image, tag: 'latest', credentials: ANONYMOUS }, () => {}, never);

const ids = (host: ImageHost): string[] => host.stores.images.list().map(({ id }) => id);

test('plain layers of an archive are compressed for the push, once, and the image keeps its id', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  await host.load(dockerArchive());
  const before = ids(host);
  const name = `${registry.host}/t/app`;
  await host.images.tag('t/app:1', { repo: name, tag: 'latest' });
  const messages = await push(host, name);
  const published = registry.manifests.get('t/app:latest');
  assert.ok(published !== undefined);
  const digest = `sha256:${sha(published.bytes)}`;
  assert.deepEqual(messages[0], { status: `The push refers to repository [${name}]` });
  assert.deepEqual(
    messages.slice(1, 3).map(({ status, id }) => [status, id]),
    [
      ['Preparing', sha(two).slice(0, 12)],
      ['Preparing', sha(one).slice(0, 12)],
    ],
  );
  assert.deepEqual(messages.slice(-2), [
    { status: `latest: digest: ${digest} size: ${published.bytes.length}` },
    { progressDetail: {}, aux: { Tag: 'latest', Digest: digest, Size: published.bytes.length } },
  ]);
  const { layers } = JSON.parse(published.bytes.toString()) as { layers: { digest: string; mediaType: string }[] };
  const sent = layers.map((layer) => gunzipSync(registry.blobs.get(layer.digest) ?? Buffer.alloc(0)));
  assert.deepEqual(sent, [one, two]);
  assert.ok(layers.every(({ mediaType }) => mediaType.endsWith('+gzip')));

  assert.deepEqual(ids(host), before);
  const image = host.stores.images.resolve(name);
  assert.deepEqual(image.repoDigests, [`${name}@${digest}`]);
  assert.deepEqual(image.names.length, 2);
  // The plain layers are no longer needed.
  const blobs = [digest, image.id, ...layers.map((layer) => layer.digest)].map(
    (blob) => `blobs/sha256/${blob.slice(7)}`,
  );
  assert.deepEqual((await host.leftovers()).filter((path) => path.startsWith('blobs')).sort(), blobs.sort());

  registry.journal.length = 0;
  const again = await push(host, name);
  assert.ok(again.some(({ status }) => status === 'Layer already exists'));
  assert.ok(!registry.journal.some((line) => line.startsWith('PATCH')));
});

test('what a build has made is pushed without a tag, and need not be an image', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  await host.load(dockerArchive());
  const [image] = host.stores.images.list();
  assert.ok(image !== undefined);
  const name = `${registry.host}/t/app`;
  const descriptor = image.manifestDescriptor;
  await host.images.builds.push({ name, descriptor, credentials: ANONYMOUS }, () => {}, never);
  assert.deepEqual([...registry.manifests.keys()], [`t/app:${descriptor.digest}`]);
  await host.images.builds.push({ name: `${name}:2`, descriptor, credentials: ANONYMOUS }, () => {}, never);
  assert.ok(registry.manifests.has('t/app:2'));
  assert.deepEqual(host.stores.images.resolve(image.id).repoDigests, []);
});

test('every layer is shown before the first is compressed, and while it is compressed, before the registry is asked', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const large = tarArchive([{ name: 'large', content: randomBytes(1_000_000) }]);
  await host.load(
    dockerArchive({
      entries: [
        { name: '1/layer.tar', content: large },
        { name: '2/layer.tar', content: one },
      ],
      config: imageConfig([large, one]),
    }),
  );
  const name = `${registry.host}/t/app`;
  await host.images.tag('t/app:1', { repo: name, tag: 'latest' });
  const lines: string[] = [];
  const show = ({ status, id }: Readonly<Record<string, unknown>>): void => {
    lines.push(`${status} ${id ?? ''} ${registry.journal.length === 0 ? 'early' : ''}`.trim());
  };
  await host.images.push({ image: name, tag: 'latest', credentials: ANONYMOUS }, show, never);
  const [top, base] = [sha(one).slice(0, 12), sha(large).slice(0, 12)];
  assert.deepEqual(lines.slice(1, 3), [`Preparing ${top} early`, `Preparing ${base} early`]);
  for (const id of [top, base]) {
    assert.ok(lines.includes(`Compressing ${id} early`), id);
    assert.equal(lines.filter((line) => line.startsWith(`Preparing ${id}`)).length, 1);
    assert.ok(lines.includes(`Pushed ${id}`), id);
  }
});

test('what is pushed as it came shows its layers before the registry answers', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  registry.publish('app', 'latest', [one, two]);
  await pullFrom(host, `${registry.host}/app`);
  const shown = Promise.withResolvers<void>();
  registry.intercept = () => true; // The registry never answers.
  const stop = new AbortController();
  let preparing = 0;
  const pushing = host.images.push(
    { image: `${registry.host}/app`, tag: 'latest', credentials: ANONYMOUS },
    ({ status }) => {
      if (status === 'Preparing') preparing += 1;
      if (preparing === 2) shown.resolve();
    },
    stop.signal,
  );
  const ended = assert.rejects(pushing, { kind: 'cancelled' });
  await shown.promise;
  stop.abort();
  await ended;
});

test('what was pulled is pushed byte for byte, and mounted where the registry has it', async () => {
  await using registry = await faultyRegistry();
  await using elsewhere = await faultyRegistry();
  await using host = await imageHost();
  const image = registry.publish('a', 'latest', [one, two], { compress: (layer) => gzipSync(layer, { level: 1 }) });
  await pullFrom(host, `${registry.host}/a`);
  for (const target of [`${registry.host}/b`, `${elsewhere.host}/c`]) {
    await host.images.tag(`${registry.host}/a`, { repo: target, tag: 'latest' });
  }
  const mounted = await push(host, `${registry.host}/b`);
  assert.equal(mounted.filter(({ status }) => status === 'Mounted from a').length, 2);
  await push(host, `${elsewhere.host}/c`);
  for (const [at, name] of [
    [registry, 'b:latest'],
    [elsewhere, 'c:latest'],
  ] as const) {
    assert.ok(at.manifests.get(name)?.bytes.equals(image.manifest), name);
  }
});

test('an index of which everything is here is pushed whole, with its attestations, else the one platform that is', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  const layout = new Layout();
  const arm = layout.image([one], imageConfig([one], { architecture: 'arm64' }), [gzipSync(one)]);
  const intel = layout.image([two], imageConfig([two]), [gzipSync(two)]);
  const statement = layout.blob('{"predicateType":"x"}', 'application/vnd.in-toto+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const about = { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': intel.digest };
  const attestation = layout.blob(
    json({
      schemaVersion: 2,
      mediaType,
      config: layout.blob('{}', 'application/vnd.oci.image.config.v1+json'),
      layers: [statement],
    }),
    mediaType,
  );
  const index = layout.index([
    { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
    { ...intel, platform: { os: 'linux', architecture: 'amd64' } },
    { ...attestation, annotations: about },
  ]);
  const name = `${registry.host}/multi`;
  layout.listed.push({ ...index, annotations: { 'io.containerd.image.name': `${name}:latest` } });
  await host.load(layout.archive());
  await push(host, name);
  assert.equal(`sha256:${sha(registry.manifests.get('multi:latest')?.bytes ?? '')}`, index.digest);
  for (const part of [arm, attestation]) assert.ok(registry.manifests.has(`multi:${part.digest}`));
  assert.ok(registry.blobs.has(statement.digest));

  await using other = await imageHost();
  const platform = { os: 'linux', architecture: 'arm64' };
  await other.images.pull({ image: name, tag: 'latest', platform, credentials: ANONYMOUS }, () => {}, never);
  const copy = `${registry.host}/copy`;
  await other.images.tag(name, { repo: copy, tag: 'latest' });
  await push(other, copy);
  assert.equal(`sha256:${sha(registry.manifests.get('copy:latest')?.bytes ?? '')}`, arm.digest);
});

test('without a tag all tags of the repository go', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  await host.load(dockerArchive());
  const name = `${registry.host}/t/app`;
  for (const tag of ['x', 'y']) await host.images.tag('t/app:1', { repo: name, tag });
  await push(host, name, { tag: '' });
  assert.ok(
    registry.manifests.get('t/app:x')?.bytes.equals(registry.manifests.get('t/app:y')?.bytes ?? Buffer.alloc(0)),
  );
});

test('names that are not here are told as dockerd tells them', async () => {
  await using host = await imageHost();
  await host.load(dockerArchive());
  await assert.rejects(push(host, 'reg.test/no'), {
    message: 'An image does not exist locally with the tag: reg.test/no',
  });
  await assert.rejects(push(host, 't/app'), { message: 'tag does not exist: t/app:latest' });
});

test('a push that is refused leaves the image as it was', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  await host.load(dockerArchive());
  const name = `${registry.host}/t/app`;
  await host.images.tag('t/app:1', { repo: name, tag: 'latest' });
  const before = (await host.leftovers()).sort();
  const target = host.stores.images.resolve(name).target.digest;
  registry.intercept = ({ request, response }) => {
    if (request.method !== 'PUT') return false;
    sendError(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    return true;
  };
  await assert.rejects(push(host, name), {
    message: 'digest invalid: provided digest did not match uploaded content',
  });
  assert.deepEqual((await host.leftovers()).sort(), before);
  assert.equal(host.stores.images.resolve(name).target.digest, target);
  assert.equal(json(host.stores.images.resolve(name).repoDigests), '[]');
});

test('an image that is removed while it is pushed arrives whole, and stays removed', async () => {
  await using registry = await faultyRegistry();
  await using host = await imageHost();
  await host.load(dockerArchive());
  const name = `${registry.host}/t/app`;
  await host.images.tag('t/app:1', { repo: name, tag: 'latest' });
  registry.intercept = async ({ kind, request }) => {
    if (kind === 'uploads' && request.method === 'POST' && ids(host).length > 0) {
      for (const each of ['t/app:1', `${name}:latest`]) {
        await host.images.remove(each, { force: false, noPrune: false }, never);
      }
    }
    return false;
  };
  await push(host, name);
  assert.ok(registry.manifests.has('t/app:latest'));
  assert.deepEqual(ids(host), []);
  assert.deepEqual(await host.leftovers(), []);
});
