import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { json } from '../../../test/support/archives.ts';
import { faultyRegistry } from '../../../test/support/faulty-registry.ts';
import { blobOf, memorySink, never, openTestRepository } from '../../../test/support/repository.ts';
import { tokenServer, wantTokens } from '../../../test/support/token-server.ts';
import { fetchToken } from './token-source.ts';

const ann = { kind: 'password', username: 'ann', password: 'pa55' } as const;

function blobToSend(mountFrom: readonly string[] = []) {
  const bytes = Buffer.from('layer');
  return { descriptor: blobOf(bytes), mountFrom, open: () => Readable.from([Buffer.from(bytes)]), progress() {} };
}

test('one token serves all reads of a repository; a push asks for its own', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  const image = registry.publish('team/app', 'v1', [Buffer.from('one'), Buffer.from('two')]);
  wantTokens(registry, tokens);
  await using client = openTestRepository(registry.host, 'team/app', { credentials: ann });
  await client.repository.manifest('v1', never);
  const layers = image.layers.map((layer) => blobOf(layer));
  await Promise.all(layers.map((layer) => client.repository.download(layer, memorySink(), never)));
  assert.deepEqual(tokens.asked, ['repository:team/app:pull']);
  await client.repository.upload(blobToSend(['team/other']), never);
  assert.deepEqual(tokens.asked.slice(1), [
    'repository:team/app:pull,push repository:team/app:pull',
    'repository:team/app:pull,push repository:team/other:pull repository:team/app:pull',
  ]);
  assert.ok(tokens.secrets.every((secret) => secret === `Basic ${Buffer.from('ann:pa55').toString('base64')}`));
  assert.ok(registry.authorizations.every((authorization) => authorization.startsWith('Bearer token-')));
});

test('many requests at once that need the same token fetch it once', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  registry.publish('app', 'v1', []);
  wantTokens(registry, tokens);
  await using client = openTestRepository(registry.host, 'app');
  await client.repository.manifest('v1', never);
  registry.journal.length = 0;
  await Promise.all(Array.from({ length: 20 }, () => client.repository.manifest('v1', never)));
  assert.equal(tokens.asked.length, 1);
  assert.equal(registry.journal.length, 20);
});

test('an expired token is renewed before it is used, one that the registry forgot after it is refused', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  registry.publish('app', 'v1', []);
  tokens.answer = (token) => ({ status: 200, body: json({ access_token: token, expires_in: 1 }) });
  wantTokens(registry, tokens);
  await using client = openTestRepository(registry.host, 'app');
  await client.repository.manifest('v1', never);
  await client.repository.manifest('v1', never);
  assert.ok(tokens.asked.length >= 2);
  tokens.answer = (token) => ({ status: 200, body: json({ token, expires_in: 300 }) });
  await client.repository.manifest('v1', never);
  tokens.issued.clear();
  await client.repository.manifest('v1', never);
});

test('a registry that answers 401 to everything is asked twice, not for ever', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  for (const challenge of [`Bearer realm="http://${tokens.host}/token"`, 'Basic realm="x"']) {
    registry.journal.length = 0;
    registry.intercept = ({ response }) => {
      response.writeHead(401, { 'www-authenticate': challenge });
      response.end(json({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }));
      return true;
    };
    await using client = openTestRepository(registry.host, 'app', { credentials: ann });
    await assert.rejects(client.repository.manifest('v1', never), {
      kind: 'unauthorized',
      message: 'unauthorized: authentication required',
    });
    assert.equal(registry.journal.length, 2);
  }
});

test('without credentials a registry that wants a password is refused in words, without a second request', async () => {
  await using registry = await faultyRegistry();
  registry.intercept = ({ response }) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' });
    response.end();
    return true;
  };
  await using client = openTestRepository(registry.host, 'app');
  await assert.rejects(client.repository.manifest('v1', never), { kind: 'unauthorized' });
  assert.deepEqual(registry.authorizations, []);
});

test('a token server that fails, lies or never stops is an error that shows no secret', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  wantTokens(registry, tokens);
  for (const [status, body, message] of [
    [500, 'oops', /token server 127\.0\.0\.1:\d+: received unexpected HTTP status: 500 Internal Server Error: oops$/],
    [404, 'no such page', /^unknown: no such page$/],
    [429, 'slow down', /^toomanyrequests: slow down$/],
    [200, 'no json', /gave no token/],
    [200, json({ token: 'with\nnewline' }), /gave no token/],
    [200, json({ token: '' }), /gave no token/],
    [200, `{"token":"${'x'.repeat(2_000_000)}"}`, /larger than/],
  ] as const) {
    tokens.answer = () => ({ status, body });
    await using client = openTestRepository(registry.host, 'app', { credentials: ann });
    await assert.rejects(client.repository.manifest('v1', never), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(JSON.stringify([error, error.message, error.stack]), /pa55|YW5uOnBhNTU/);
      return true;
    });
  }
});

test('wrong passwords are told as such', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  wantTokens(registry, tokens);
  const credentials = { kind: 'password', username: 'ann', password: 'wrong' } as const;
  await using client = openTestRepository(registry.host, 'app', { credentials });
  await assert.rejects(client.repository.manifest('v1', never), {
    kind: 'unauthorized',
    message: 'unauthorized: incorrect username or password',
  });
});

test('an identity token is exchanged by POST, a registry token sent as it is', async () => {
  await using registry = await faultyRegistry();
  await using tokens = await tokenServer();
  registry.publish('app', 'v1', []);
  wantTokens(registry, tokens);
  const identity = { kind: 'identityToken', username: 'ann', token: 'refresh-me' } as const;
  await using client = openTestRepository(registry.host, 'app', { credentials: identity });
  await client.repository.manifest('v1', never);
  assert.deepEqual(tokens.secrets, ['refresh-me']);
  tokens.issued.set('ready-made', ['repository:app:pull']);
  const ready = { kind: 'registryToken', token: 'ready-made' } as const;
  await using other = openTestRepository(registry.host, 'app', { credentials: ready });
  await other.repository.manifest('v1', never);
  assert.equal(tokens.asked.length, 1);
});

test('a password never travels to a token server over plain http, nor to one that is not a URL', async () => {
  const send = () => Promise.reject(new Error('sent'));
  const request = { service: undefined, scopes: [], credentials: ann, offlineToken: false, allowPlainHttp: false };
  for (const [realm, message] of [
    ['http://auth.test/token', /refused to send credentials to auth\.test over plain http/],
    ['ftp://auth.test', /no usable token server/],
    ['', /no usable token server/],
  ] as const) {
    await assert.rejects(fetchToken({ ...request, realm }, send), message);
  }
});
