import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { test } from 'node:test';
import { debianRegistry } from '../support/debian-registry.ts';
import { unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();
const HTPASSWD = 'bob:$2y$05$XoV066GfonC1TI807FmKSe8xd/tfLySwxAbGpPs4NGdDhU1zIJbUG\n';
const BOB = Buffer.from('{"username":"bob","password":"secret"}').toString('base64url');

/** GET /distribution/{name}/json with credentials: status and body. */
async function distribution(name: string, auth = BOB): Promise<{ readonly status: number; readonly json: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; json: unknown }>();
  const options = { socketPath: engine().socketPath, path: `/distribution/${name}/json`, agent: false };
  request({ ...options, headers: { 'X-Registry-Auth': auth } }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }));
  })
    .on('error', reject)
    .end();
  return await promise;
}

test('an image of a registry is described without being pulled: one manifest, and a list of platforms', async () => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const name = `${registry.host}/${unique('app')}`;
  await engine().ok('gantry', ['login', '-u', 'bob', '--password-stdin', registry.host], { input: 'secret' });
  await engine().ok('gantry', ['tag', 'busybox', `${name}:1`]);
  const pushed = await engine().ok('gantry', ['push', `${name}:1`]);
  const [, digest, size] = /digest: (\S+) size: (\d+)/.exec(pushed) ?? [];
  const architecture = await engine().ok('gantry', ['image', 'inspect', '-f', '{{.Architecture}}', 'busybox']);
  const one = await distribution(`${name}:1`);
  assert.equal(one.status, 200);
  const { Descriptor, Platforms } = one.json as { Descriptor: Record<string, unknown>; Platforms: unknown };
  assert.deepEqual([Descriptor['digest'], Descriptor['size']], [digest, Number(size)]);
  assert.deepEqual(Platforms, [{ architecture, os: 'linux' }]);
  assert.deepEqual((await distribution(`${name}@${digest}`)).json, one.json);

  const platform = { architecture: 'arm64', os: 'linux', variant: 'v8' };
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const list = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [{ ...Descriptor, platform }] });
  const put = await fetch(`http://${registry.host}/v2/${name.split('/')[1]}/manifests/list`, {
    method: 'PUT',
    headers: { authorization: `Basic ${btoa('bob:secret')}`, 'content-type': mediaType },
    body: list,
  });
  assert.equal(put.status, 201);
  const listed = `sha256:${createHash('sha256').update(list).digest('hex')}`;
  assert.deepEqual(await distribution(`${name}:list`), {
    status: 200,
    json: { Descriptor: { mediaType, digest: listed, size: list.length }, Platforms: [platform] },
  });

  const absent = { status: 404, json: { message: 'manifest unknown: manifest unknown' } };
  assert.deepEqual(await distribution(`${name}:none`), absent);
  assert.deepEqual(await distribution(`${name}@sha256:${'a'.repeat(64)}`), absent);
  const stranger = await distribution(`${name}:1`, '');
  assert.equal(stranger.status, 401);
  assert.match(JSON.stringify(stranger.json), /no basic auth credentials/);
  await engine().ok('gantry', ['logout', registry.host]);
});

test('names that are none, and registries that are not there, are refused', async () => {
  assert.deepEqual(await distribution('UPPER'), {
    status: 400,
    json: { message: 'invalid reference format: repository name (library/UPPER) must be lowercase' },
  });
  assert.deepEqual(await distribution('a'.repeat(64)), {
    status: 400,
    json: { message: 'no manifest found for full image ID' },
  });
  assert.match(
    JSON.stringify((await distribution('localhost:1/x')).json),
    /dial tcp .*:1: connect: connection refused/,
  );
});

test('POST /auth: credentials are right, wrong, missing, or none', async () => {
  await using registry = await debianRegistry({ htpasswd: HTPASSWD });
  const auth = async (body: object): Promise<readonly [number, unknown]> => {
    const answer = await engine().api('POST', '/auth', body);
    return [answer.status, JSON.parse(answer.body)];
  };
  const bob = { username: 'bob', password: 'secret' };
  const welcome = [200, { IdentityToken: '', Status: 'Login Succeeded' }];
  assert.deepEqual(await auth({ ...bob, serveraddress: registry.host }), welcome);
  assert.deepEqual(await auth({ ...bob, serveraddress: `http://${registry.host}/v2/` }), welcome);
  assert.deepEqual(await auth({ ...bob, password: 'x', serveraddress: registry.host }), [
    401,
    { message: 'unauthorized: incorrect username or password' },
  ]);
  const [status, body] = await auth({ serveraddress: registry.host });
  assert.equal(status, 401);
  assert.match(JSON.stringify(body), /no basic auth credentials/);
  assert.equal((await auth({ ...bob, serveraddress: 'bad host' }))[0], 400);
  assert.equal((await auth({ username: 5 }))[0], 400);
  assert.equal((await engine().api('POST', '/auth')).status, 400);
  assert.doesNotMatch(engine().log(), /secret/);
});
