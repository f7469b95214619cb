import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { json } from '../../test/support/archives.ts';
import { debianRegistry } from '../../test/support/debian-registry.ts';
import { faultyRegistry } from '../../test/support/faulty-registry.ts';
import { testRegistries } from '../../test/support/registries.ts';
import { blobOf, memorySink, never, openTestRepository } from '../../test/support/repository.ts';
import { tokenServer, wantTokens } from '../../test/support/token-server.ts';
import { EngineError } from '../base/errors.ts';
import { ANONYMOUS } from './auth/credentials.ts';

const ann = { kind: 'password', username: 'ann', password: 'pa55' } as const;
/** The login bob:secret. */
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';

test("blobs, mounts, manifests and tags go to Debian's registry and come back byte for byte", async () => {
  await using registry = await debianRegistry();
  await using client = openTestRepository(registry.host, 'team/app');
  const content = randomBytes(3_000_000);
  const descriptor = blobOf(content);
  const blob = {
    descriptor,
    mountFrom: [],
    open: (offset: number) => Readable.from([Buffer.from(content.subarray(offset))], { objectMode: false }),
    progress() {},
  };
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'uploaded' });
  assert.deepEqual(await client.repository.upload(blob, never), { how: 'exists' });
  await using copy = openTestRepository(registry.host, 'team/copy');
  const mounted = await copy.repository.upload({ ...blob, mountFrom: ['team/app'] }, never);
  assert.deepEqual(mounted, { how: 'mounted', from: 'team/app' });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const layers = [{ ...descriptor, mediaType: 'application/vnd.oci.image.layer.v1.tar' }];
  const config = { ...descriptor, mediaType: 'application/vnd.oci.image.config.v1+json' };
  const bytes = Buffer.from(json({ schemaVersion: 2, mediaType, config, layers }));
  const digest = await client.repository.putManifest('v1', { mediaType, bytes }, never);
  assert.deepEqual(await client.repository.resolve('v1', never), { mediaType, digest, size: bytes.length });
  assert.ok((await client.repository.manifest(digest, never)).bytes.equals(bytes));
  assert.deepEqual(await client.repository.tags(never), ['v1']);
  const sink = memorySink(content.subarray(0, 1_000_000));
  await copy.repository.download(descriptor, sink, never);
  assert.ok(sink.bytes().equals(content));
  await client.repository.deleteManifest(digest, never);
  await assert.rejects(client.repository.manifest('v1', never), { kind: 'notFound' });
});

test("login at Debian's registry takes the right password and refuses the wrong one", async () => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  await using registries = testRegistries();
  const bob = { kind: 'password', username: 'bob', password: 'secret' } as const;
  assert.deepEqual(await registries.login(registry.host, bob, never), {});
  await assert.rejects(registries.login(registry.host, { ...bob, password: 'no' }, never), {
    kind: 'unauthorized',
    message: 'unauthorized: incorrect username or password',
  });
  await using client = openTestRepository(registry.host, 'app', { credentials: bob });
  await assert.rejects(client.repository.manifest('v1', never), { kind: 'notFound' });
});

test('login at a token server returns the identity token that it issues', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  wantTokens(registry, tokens);
  tokens.answer = (token) => ({ status: 200, body: json({ token, refresh_token: 'for-next-time' }) });
  await using registries = testRegistries();
  assert.deepEqual(await registries.login(registry.host, ann, never), { identityToken: 'for-next-time' });
  await assert.rejects(registries.login(registry.host, { ...ann, password: 'wrong' }, never), { kind: 'unauthorized' });
});

test('a login that is refused is told in the words of the server', async () => {
  await using registry = await faultyRegistry();
  await using registries = testRegistries();
  const says = async (status: number, body: string): Promise<string> => {
    registry.intercept = ({ request, response }) => {
      const isAsked = request.headers.authorization === undefined;
      response.writeHead(isAsked ? 401 : status, { 'www-authenticate': 'Basic realm="x"' });
      response.end(isAsked ? '' : body);
      return true;
    };
    const error = await registries.login(registry.host, ann, never).catch((refusal: unknown) => refusal);
    assert.ok(error instanceof EngineError);
    return `${error.kind} ${error.message.replace(registry.host, 'HOST')}`;
  };
  const locked = json({ errors: [{ code: 'UNAUTHORIZED', message: 'the account is locked' }] });
  assert.equal(await says(401, locked), 'unauthorized unauthorized: the account is locked');
  assert.equal(await says(401, 'ask the admin'), 'unauthorized unauthorized: ask the admin');
  assert.equal(await says(401, ''), 'unauthorized unauthorized: incorrect username or password');
  assert.equal(await says(403, json({ details: 'no seat left' })), 'unauthorized denied: no seat left');
  assert.match(await says(404, 'no registry here'), /unknown: no registry here$/);
});

test('mirrors are asked first, without credentials, and what they lack comes from the registry', async () => {
  await using registry = await faultyRegistry();
  await using mirror = await faultyRegistry();
  await using broken = await faultyRegistry();
  broken.intercept = ({ response }) => {
    response.destroy();
    return true;
  };
  const image = registry.publish('app', 'v1', [Buffer.from('layer')]);
  mirror.publish('app', 'v1', []);
  const mirrored = mirror.publish('app', 'v2', [Buffer.from('other')]);
  const hosts = { mirrors: { [registry.host]: [`http://${broken.host}`, `http://${mirror.host}`] } };
  await using client = openTestRepository(registry.host, 'app', { credentials: ann, hosts });
  assert.equal((await client.repository.manifest('v2', never)).descriptor.digest, mirrored.digest);
  const layer = image.layers[0] ?? Buffer.alloc(0);
  const sink = memorySink();
  await client.repository.download(blobOf(layer), sink, never);
  assert.ok(sink.bytes().equals(layer));
  assert.ok(broken.journal.length > 0);
  assert.deepEqual(mirror.authorizations, []);
  await client.repository.upload(
    {
      descriptor: blobOf(Buffer.from('x')),
      mountFrom: [],
      open: () => Readable.from([Buffer.from('x')]),
      progress() {},
    },
    never,
  );
  assert.ok(
    mirror.journal.every((line) => line.startsWith('GET') || line.startsWith('HEAD')),
    'mirrors are not written to',
  );
});

test('a registry that nobody listens for is named in the error', async () => {
  await using client = openTestRepository('127.0.0.1:1', 'app');
  await assert.rejects(client.repository.manifest('v1', never), {
    kind: 'unavailable',
    message:
      /^Get "https?:\/\/127\.0\.0\.1:1\/v2\/app\/manifests\/v1": dial tcp 127\.0\.0\.1:1: connect: connection refused/,
  });
});

test("search asks the registry's own index, and its catalogue where it has none", async () => {
  await using registry = await faultyRegistry();
  await using registries = testRegistries();
  registry.publish('team/web', 'v1', []);
  registry.publish('team/db', 'v1', []);
  const options = { limit: 5, credentials: ANONYMOUS };
  const found = await registries.search(registry.host, 'web', options, never);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['team/web'],
  );
  registry.intercept = ({ url, response }) => {
    if (url.pathname !== '/v1/search') return false;
    assert.equal(url.search, '?q=web&n=5');
    const results = [
      { name: 'nginx', description: 'A server', star_count: 7, is_official: true, is_automated: false, extra: 1 },
      { name: 5 },
      'nonsense',
      { name: 'bare' },
    ];
    response.end(json({ num_results: 4, results }));
    return true;
  };
  assert.deepEqual(await registries.search(registry.host, 'web', options, never), [
    { name: 'nginx', description: 'A server', star_count: 7, is_official: true, is_automated: false },
    { name: 'bare', description: '', star_count: 0, is_official: false, is_automated: false },
  ]);
});
