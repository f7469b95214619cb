import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { basicAuthentication } from './auth/basic.ts';
import { bearerAuthentication } from './auth/bearer.ts';
import { parseHtpasswd } from './auth/htpasswd.ts';
import { EVERYTHING, type Right } from './auth/rights.ts';
import { parseTokenKeys } from './auth/verify-token.ts';
import { matchesRepository } from './repository-pattern.ts';
import { codeOf, manifestOf, OCI_MANIFEST, sha256, startTestRegistry } from './testing.ts';

const htpasswd = `# users\nalice:${hashSync('wonder', 4)}\n\nbob:${hashSync('builder:1', 4)}\n`;
const basic = (rights: readonly Right[] = EVERYTHING) =>
  basicAuthentication(parseHtpasswd(htpasswd), { rights, realm: 'test' });
const login = (name: string, password: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

test('without a password there is a challenge, with the wrong one too, with the right one everything', async () => {
  await using server = await startTestRegistry({ authentication: basic() });
  const get = (headers: Record<string, string> = {}): Promise<Response> => fetch(`${server.url}/v2/`, { headers });
  const bare = await get();
  assert.deepEqual([bare.status, bare.headers.get('www-authenticate')], [401, 'Basic realm="test"']);
  assert.equal(await codeOf(bare), 'UNAUTHORIZED');
  const wrong = [
    login('alice', 'wrong'),
    login('nobody', 'wonder'),
    login('alice', ''),
    login('alice', 'x'.repeat(5000)),
    { Authorization: 'Basic nonsense' },
    { Authorization: 'Bearer x' },
  ];
  for (const headers of wrong) assert.equal((await get(headers)).status, 401, JSON.stringify(headers));
  for (let round = 0; round < 3; round++) assert.equal((await get(login('bob', 'builder:1'))).status, 200);
  const push = await fetch(`${server.url}/v2/x/blobs/uploads/`, { method: 'POST', headers: login('alice', 'wonder') });
  assert.equal(push.status, 202);
});

test('each repository has its own rights to pull, push and delete', async () => {
  const rights: Right[] = [
    { user: 'anonymous', repositories: 'public/**', actions: ['pull'] },
    { user: '*', repositories: 'team/*', actions: ['pull'] },
    { user: 'alice', repositories: 'team/*', actions: ['pull', 'push'] },
    { user: 'bob', repositories: '**', actions: ['pull', 'push', 'delete'] },
  ];
  await using server = await startTestRegistry({ authentication: basic(rights) });
  const [alice, bob] = [login('alice', 'wonder'), login('bob', 'builder:1')];
  const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    fetch(`${server.url}/v2/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const digest = sha256('content');
  for (const repository of ['team/app', 'public/tool', 'private']) {
    const put = await call('POST', `${repository}/blobs/uploads/?digest=${digest}`, bob, 'content');
    assert.equal(put.status, 201);
  }
  const status = async (...args: Parameters<typeof call>): Promise<number> => (await call(...args)).status;
  assert.equal(await status('GET', `public/tool/blobs/${digest}`), 200);
  assert.equal(await status('GET', `team/app/blobs/${digest}`), 401);
  assert.equal(await status('GET', `team/app/blobs/${digest}`, alice), 200);
  assert.equal(await status('GET', `private/blobs/${digest}`, alice), 403);
  assert.equal(await status('POST', 'team/app/blobs/uploads/', alice), 202);
  assert.equal(await status('POST', 'public/tool/blobs/uploads/', alice), 403);
  assert.equal(await status('POST', 'public/tool/blobs/uploads/'), 401);
  assert.equal(await status('DELETE', `team/app/blobs/${digest}`, alice), 403);
  assert.equal(
    await status('POST', `team/app/blobs/uploads/?mount=${digest}&from=private`, alice),
    202,
    'a mount from what may not be read is as if it were not there',
  );
  assert.equal(await status('DELETE', `team/app/blobs/${digest}`, bob), 202);
  assert.equal(await status('POST', `team/app/blobs/uploads/?mount=${digest}`, alice), 201, 'from public/tool');
});

test('the catalogue challenges whoever sends no login where one would show more', async () => {
  const rights: Right[] = [
    { user: 'anonymous', repositories: 'public/**', actions: ['pull'] },
    { user: 'alice', repositories: 'team/*', actions: ['pull', 'push'] },
    { user: 'bob', repositories: '**', actions: ['pull', 'push', 'delete'] },
  ];
  await using server = await startTestRegistry({ authentication: basic(rights) });
  const bob = login('bob', 'builder:1');
  for (const repository of ['team/app', 'public/tool', 'private']) {
    const base = `${server.url}/v2/${repository}`;
    await fetch(`${base}/blobs/uploads/?digest=${sha256('{}')}`, { method: 'POST', headers: bob, body: '{}' });
    const headers = { ...bob, 'Content-Type': OCI_MANIFEST };
    const put = await fetch(`${base}/manifests/1`, { method: 'PUT', headers, body: manifestOf('{}', []) });
    assert.equal(put.status, 201);
  }
  const list = async (headers: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(`${server.url}/v2/_catalog`, { headers });
    if (response.status !== 200) return [response.status, response.headers.get('www-authenticate')];
    return ((await response.json()) as { readonly repositories: unknown }).repositories;
  };
  assert.deepEqual(await list(), [401, 'Basic realm="test"']);
  assert.deepEqual(await list(login('', '')), ['public/tool'], 'a client that was challenged and has no login');
  assert.deepEqual(await list(login('alice', 'wonder')), ['public/tool', 'team/app']);
  assert.deepEqual(await list(bob), ['private', 'public/tool', 'team/app']);
});

test('the catalogue asks for no login where none shows more', async () => {
  for (const repositories of ['**', 'public/**']) {
    const anonymous: Right = { user: 'anonymous', repositories, actions: ['pull'] };
    const rights: Right[] = [anonymous, { user: 'alice', repositories: 'public/**', actions: ['pull', 'push'] }];
    await using server = await startTestRegistry({ authentication: basic(rights) });
    assert.equal((await fetch(`${server.url}/v2/_catalog`)).status, 200, repositories);
  }
});

test('patterns of repositories', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['**', 'a/b/c', true],
    ['team/*', 'team/app', true],
    ['team/*', 'team/app/base', false],
    ['team/**', 'team/app/base', true],
    ['*', 'a/b', false],
    ['team/app', 'team/apple', false],
    ['*/app', 'x/app', true],
    ['a*b**c', 'axb/y/c', true],
    ['', 'a', false],
  ];
  for (const [pattern, name, expected] of cases) assert.equal(matchesRepository(pattern, name), expected, pattern);
  assert.equal(matchesRepository(`${'*a'.repeat(60)}*b`, 'a'.repeat(255)), false, 'in no time');
});

test('a file of passwords must be of bcrypt', () => {
  const bad = [
    'alice',
    'alice:plain',
    'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
    ':$2y$05$x',
    `x:$2y$31$${'a'.repeat(53)}`,
  ];
  for (const line of bad) assert.throws(() => parseHtpasswd(`# ok\n${line}\n`), { kind: 'invalid', message: /line 2/ });
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);

function token(claims: object = {}, { alg = 'ES256', key = ec.privateKey as KeyObject, kid = 'ec' } = {}): string {
  const signed = `${part({ typ: 'JWT', alg, kid })}.${part({
    iss: 'issuer',
    aud: 'registry',
    sub: 'alice',
    exp: now() + 300,
    access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
    ...claims,
  })}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

test('a token of the service gives what it says and no more; any other gives nothing', async () => {
  const jwks = JSON.stringify({
    keys: [
      { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec' },
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa' },
    ],
  });
  const pem = [rsa, ec].map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })).join('');
  for (const keys of [jwks, pem].map(parseTokenKeys)) {
    const authentication = bearerAuthentication({
      realm: 'https://auth.example/token',
      service: 'registry',
      issuer: 'issuer',
      keys,
    });
    await using server = await startTestRegistry({ authentication });
    const call = (method: string, path: string, bearer?: string): Promise<Response> =>
      fetch(`${server.url}/v2/${path}`, {
        method,
        headers: bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` },
      });
    const bare = await call('POST', 'team/app/blobs/uploads/');
    assert.equal(bare.status, 401);
    assert.equal(
      bare.headers.get('www-authenticate'),
      'Bearer realm="https://auth.example/token",service="registry",scope="repository:team/app:pull,push"',
    );
    assert.equal((await call('GET', '')).status, 401);
    assert.equal((await call('GET', '', token())).status, 200);
    assert.equal((await call('POST', 'team/app/blobs/uploads/', token())).status, 202);
    const byRsa = token({}, { alg: 'RS256', key: rsa.privateKey, kid: 'rsa' });
    assert.equal((await call('POST', 'team/app/blobs/uploads/', byRsa)).status, 202);
    const narrow = await call('POST', 'team/other/blobs/uploads/', token());
    assert.equal(narrow.status, 401);
    assert.match(narrow.headers.get('www-authenticate') ?? '', /scope="repository:team\/other:pull,push"/);
    assert.equal((await call('GET', '_catalog', token())).status, 401);
    const lists = token({ access: [{ type: 'registry', name: 'catalog', actions: ['*'] }] });
    assert.equal((await call('GET', '_catalog', lists)).status, 200);

    const good = token();
    const [head = '', payload = '', signature = ''] = good.split('.');
    const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
    const hmacHead = `${part({ alg: 'HS256' })}.${payload}`;
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const bad: readonly (readonly [string, string])[] = [
      ['expired', token({ exp: now() - 120 })],
      ['without an end', token({ exp: undefined })],
      ['from the future', token({ nbf: now() + 600 })],
      ['of another issuer', token({ iss: 'else' })],
      ['for another registry', token({ aud: ['else'] })],
      ['signed by another key', token({}, { key: other.privateKey })],
      ['of no algorithm', `${part({ alg: 'none' })}.${payload}.x`],
      ['of no algorithm, unsigned', `${part({ alg: 'none' })}.${payload}.`],
      [
        'signed with the public key',
        `${hmacHead}.${createHmac('sha256', publicPem).update(hmacHead).digest('base64url')}`,
      ],
      [
        'changed',
        `${head}.${part({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'eve' })}.${signature}`,
      ],
      ['with an inherited name for an algorithm', `${part({ alg: 'toString' })}.${payload}.${signature}`],
      ['nonsense', 'a.b.c'],
      ['empty', '..'],
      ['huge', 'x'.repeat(20_000)],
    ];
    for (const [what, text] of bad) assert.equal((await call('GET', '', text)).status, 401, `a token ${what}`);
  }
  assert.throws(() => parseTokenKeys('no key'), { kind: 'invalid' });
  assert.throws(() => parseTokenKeys('{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'), { kind: 'invalid' });
});
