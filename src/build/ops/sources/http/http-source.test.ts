import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { code, GrpcError, serve } from '../../../../grpc/index.ts';
import { secrets } from '../../../../grpc/messages/secrets.ts';
import { upload } from '../../../../grpc/messages/upload.ts';
import { connectClient } from '../../../session/testing/test-client.ts';
import { DRIVERS } from '../../testing/ops-fixture.ts';
import { openSourceFixture } from '../testing/source-fixture.ts';

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A server on this machine. Returns its address. */
async function listen(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const driver of DRIVERS)
  test(`a file comes with its name, its time and mode 0600, and asks only once while it does not change, on ${driver}`, async (t) => {
    await using fixture = await openSourceFixture(undefined, driver);
    const seen: (string | undefined)[] = [];
    let body = 'first';
    const url = await listen(t, (request, response) => {
      seen.push(request.headers['if-none-match']);
      if (request.headers['if-none-match'] === `"${body}"`) return void response.writeHead(304).end();
      response.setHeader('etag', `"${body}"`).setHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT').end(body);
    });
    let first: string;
    {
      await using step = await fixture.begin(`${url}/dir/a%20file?x=1`);
      const root = await step.run();
      assert.deepEqual(readdirSync(root), ['a file']);
      const { mode, mtimeMs, uid } = statSync(join(root, 'a file'));
      assert.deepEqual([mode & 0o7777, mtimeMs, uid], [0o600, Date.UTC(2026, 0, 1), 0]);
      assert.equal(readFileSync(join(root, 'a file'), 'utf8'), 'first');
      first = step.key.digest;
    }
    {
      await using step = await fixture.begin(`${url}/dir/a%20file?x=1`);
      assert.equal(step.key.digest, first);
      assert.deepEqual(seen, [undefined, '"first"']);
      // The cache has lost it: it comes again.
      assert.equal(readFileSync(join(await step.run(), 'a file'), 'utf8'), 'first');
    }
    body = 'second';
    await using step = await fixture.begin(`${url}/dir/a%20file?x=1`);
    assert.notEqual(step.key.digest, first);
    assert.equal(readFileSync(join(await step.run(), 'a file'), 'utf8'), 'second');
    // The address does not matter, the content does.
    await using other = await fixture.begin(`${url}/other/a%20file`);
    assert.equal(other.key.digest, step.key.digest);
    assert.deepEqual(fixture.snapshots.writables().length, 1);
  });

for (const driver of DRIVERS)
  test(`a graph gives name, mode, owner and checksum; with a checksum nothing comes before it is needed, on ${driver}`, async (t) => {
    await using fixture = await openSourceFixture(undefined, driver);
    let requests = 0;
    const url = await listen(t, (_request, response) => {
      requests += 1;
      response.setHeader('content-disposition', 'attachment; filename="../../evil"').end('text');
    });
    const attrs = { 'http.filename': 'x', 'http.perm': '0640', 'http.uid': '7', 'http.gid': '8' };
    await using step = await fixture.begin(url, { ...attrs, 'http.checksum': sha256('text') });
    assert.deepEqual([step.key.isLazy, requests], [true, 0]);
    const { mode, uid, gid } = statSync(join(await step.run(), 'x'));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o640, 7, 8]);

    await using wrong = await fixture.begin(url, { ...attrs, 'http.checksum': sha256('other') });
    await assert.rejects(wrong.run(), { message: `digest mismatch ${sha256('text')}: ${sha256('other')}` });

    await using named = await fixture.begin(url);
    assert.deepEqual(readdirSync(await named.run()), ['evil']);
    for (const bad of [
      { 'http.filename': '..' },
      { 'http.perm': 'rwx' },
      { 'http.checksum': 'md5:1' },
      { 'http.header.cookie': 'x' },
    ])
      await assert.rejects(fixture.begin(url, bad), { kind: 'invalid' });
  });

test('what is not there, or breaks off, is an error, and nothing is left', async (t) => {
  await using fixture = await openSourceFixture();
  const url = await listen(t, (request, response) => {
    if (request.url === '/half') {
      response.writeHead(200, { 'content-length': '1000' }).write('half');
      setTimeout(() => response.destroy(), 20);
    } else response.writeHead(request.url === '/unasked' ? 304 : 404).end();
  });
  await assert.rejects(fixture.begin(`${url}/none`), { kind: 'notFound', message: /status 404/ });
  await assert.rejects(fixture.begin(`${url}/unasked`), { message: /status 304/ });
  await assert.rejects(fixture.begin(`${url}/half`));
  assert.deepEqual(fixture.snapshots.writables(), []);
});

test('a client’s secret authorizes, on its server alone', async (t) => {
  await using fixture = await openSourceFixture();
  const seen: [string, string | undefined][] = [];
  const elsewhere = await listen(t, (request, response) => {
    seen.push(['elsewhere', request.headers.authorization]);
    response.end('moved');
  });
  const url = await listen(t, (request, response) => {
    seen.push(['here', request.headers.authorization]);
    response.writeHead(302, { location: elsewhere }).end();
  });
  await using client = await connectClient({
    sessions: fixture.sessions,
    served: serve(secrets, { GetSecret: async ({ ID }) => ({ data: Buffer.from(`Bearer ${ID}\n`) }) }),
  });
  await using step = await fixture.begin(url, { 'http.authheadersecret': 'token' }, client.session.id);
  assert.equal(readFileSync(join(await step.run(), 'download'), 'utf8'), 'moved');
  assert.deepEqual(seen, [
    ['here', 'Bearer token'],
    ['elsewhere', undefined],
  ]);
});

test('a client’s upload is a file of its own address', async () => {
  await using fixture = await openSourceFixture();
  let left = 1;
  await using client = await connectClient({
    sessions: fixture.sessions,
    served: serve(upload, {
      async *Pull(_requests, { metadata }) {
        if (metadata.get('urlpath') !== '/ctx' || left-- === 0) throw new GrpcError(code.notFound, 'no such upload');
        yield { data: Buffer.from('tar') };
      },
    }),
  });
  await using step = await fixture.begin(
    'http://buildkit-session/ctx',
    { 'http.filename': 'context' },
    client.session.id,
  );
  assert.equal(readFileSync(join(await step.run(), 'context'), 'utf8'), 'tar');
  await assert.rejects(fixture.begin('http://buildkit-session/ctx', {}, client.session.id), { kind: 'notFound' });
});
