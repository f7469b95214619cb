import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { git, startGitServer } from '../../../../test/support/git-server.ts';
import { describeSource } from './describe-source.ts';
import { openSourceFixture, type SourceFixture } from './testing/source-fixture.ts';

async function describe(
  { deps }: SourceFixture,
  identifier: string,
  { attrs = {}, withObjects = false }: { readonly attrs?: Record<string, string>; readonly withObjects?: boolean } = {},
) {
  await using kept = new AsyncDisposableStack();
  const source = { identifier, attrs: new Map(Object.entries(attrs)) };
  return await describeSource(
    deps,
    { source, withObjects },
    {
      ...{ signal: new AbortController().signal, builds: () => [] },
      ...{ log: () => undefined, report: () => undefined, warn: () => undefined },
      keep: (resource) => void kept.use(resource),
    },
  );
}

/** The hash by which git names an object. */
function objectHash(kind: string, object: Uint8Array | undefined): string {
  assert.ok(object !== undefined);
  return createHash('sha1').update(`${kind} ${object.length}\0`).update(object).digest('hex');
}

test('a name of a repository stands for a commit, and a tag with a message for an object of its own', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'gantry-git-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [work, served] = [join(base, 'work'), join(base, 'served')];
  for (const folder of [work, served]) mkdirSync(folder);
  git(work, 'init', '-q', '-b', 'trunk');
  writeFileSync(join(work, 'a'), 'one');
  git(work, 'add', '.');
  // A message that is no UTF-8.
  writeFileSync(join(base, 'message'), Buffer.from([0x6d, 0xe9, 0x0a]));
  git(work, '-c', 'i18n.commitEncoding=ISO-8859-1', 'commit', '-qF', join(base, 'message'));
  git(work, 'tag', '-am', 'message', 'v1');
  git(work, 'tag', 'light');
  const [commit, tag] = [git(work, 'rev-parse', 'HEAD'), git(work, 'rev-parse', 'v1')];
  git(served, 'clone', '-q', '--bare', work, 'r.git');
  await using server = await startGitServer(served);
  await using fixture = await openSourceFixture();
  const facts = async (fragment: string, withObjects = false, attrs = {}) => {
    const asked = { attrs: { 'git.fullurl': `${server.url}/r.git`, ...attrs }, withObjects };
    const found = await describe(fixture, `git://host/r.git${fragment}`, asked);
    assert.ok(found.kind === 'git');
    return found;
  };
  const plain = { kind: 'git', commit, tag: undefined, commitObject: undefined, tagObject: undefined };
  assert.deepEqual(await facts(''), { ...plain, ref: 'refs/heads/trunk' });
  assert.deepEqual(await facts('#trunk:sub'), { ...plain, ref: 'refs/heads/trunk' });
  assert.deepEqual(await facts('#light'), { ...plain, ref: 'refs/tags/light' });
  assert.deepEqual(await facts('#v1'), { ...plain, ref: 'refs/tags/v1', tag });
  assert.deepEqual(await facts(`#${commit}`), { ...plain, ref: commit });
  const head = await facts('', true);
  assert.equal(objectHash('commit', head.commitObject), commit);
  assert.equal(head.tagObject, undefined);
  // The commit is here already, and the tag's object not yet.
  const tagged = await facts('#v1', true);
  assert.deepEqual([objectHash('commit', tagged.commitObject), objectHash('tag', tagged.tagObject)], [commit, tag]);
  assert.equal((await facts('#v1', false, { 'git.checksum': tag.slice(0, 12) })).tag, tag);
  await assert.rejects(facts('#v1', false, { 'git.checksum': '0123456' }), /expected checksum to match 0123456/);
  await assert.rejects(facts('#missing'), { kind: 'notFound' });
});

test('an address stands for the bytes that its server has', async (t) => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    response.setHeader('etag', '"1"');
    if (request.headers['if-none-match'] === '"1"') return void response.writeHead(304).end();
    response
      .setHeader('content-disposition', 'attachment; filename="named.txt"')
      .setHeader('last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT')
      .end('content');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  await using fixture = await openSourceFixture();
  const digest = `sha256:${createHash('sha256').update('content').digest('hex')}`;
  const facts = { kind: 'http', digest, filename: 'named.txt', modified: Date.UTC(2026, 0, 1) };
  assert.deepEqual(await describe(fixture, url), facts);
  // Unchanged since.
  assert.deepEqual(await describe(fixture, url, { attrs: { 'http.filename': 'other' } }), {
    ...facts,
    filename: 'other',
  });
  assert.equal(requests, 2);
  // What the source says itself is not asked for.
  assert.deepEqual(await describe(fixture, url, { attrs: { 'http.checksum': `sha256:${'0'.repeat(64)}` } }), {
    ...{ kind: 'http', digest: `sha256:${'0'.repeat(64)}`, filename: 'file', modified: undefined },
  });
  assert.equal(requests, 2);
  await assert.rejects(describe(fixture, 'local://context'), { kind: 'notImplemented' });
});
