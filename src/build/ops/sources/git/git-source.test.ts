import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { git, startGitServer } from '../../../../../test/support/git-server.ts';
import { code, GrpcError, serve } from '../../../../grpc/index.ts';
import { secrets } from '../../../../grpc/messages/secrets.ts';
import { connectClient } from '../../../session/testing/test-client.ts';
import { DRIVERS } from '../../testing/ops-fixture.ts';
import { openSourceFixture } from '../testing/source-fixture.ts';
import { gitItems } from './git-items.ts';
import { repositoriesIn, repositoryLocks } from './git-repository.ts';

/** A folder with the repository `r.git`: two commits on main, a tag with a message on the first, and a branch. */
function repositories(t: TestContext) {
  const base = mkdtempSync(join(tmpdir(), 'gantry-git-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const [work, served] = [join(base, 'work'), join(base, 'served')];
  for (const folder of [work, served]) mkdirSync(folder);
  git(work, 'init', '-q', '-b', 'main');
  mkdirSync(join(work, 'sub'));
  writeFileSync(join(work, 'a'), 'one');
  writeFileSync(join(work, 'sub/run'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('../a', join(work, 'sub/link'));
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'one', '--date=2026-01-02T03:04:05Z');
  git(work, 'tag', '-am', 'message', 'v1');
  const first = git(work, 'rev-parse', 'HEAD');
  writeFileSync(join(work, 'a'), 'two');
  git(work, 'commit', '-qam', 'two');
  git(work, 'branch', 'other/topic', first);
  const publish = (): void => {
    rmSync(join(served, 'r.git'), { recursive: true, force: true });
    git(served, 'clone', '-q', '--bare', work, 'r.git');
  };
  publish();
  return { work, served, first, second: git(work, 'rev-parse', 'HEAD'), publish };
}

for (const driver of DRIVERS)
  test(`branches, tags and commits name files of a repository, which come when they are needed, on ${driver}`, async (t) => {
    const { served, first, second } = repositories(t);
    await using server = await startGitServer(served);
    await using fixture = await openSourceFixture(undefined, driver);
    const begin = (fragment: string, attrs = {}) =>
      fixture.begin(`git://host/r.git${fragment}`, { 'git.fullurl': `${server.url}/r.git`, ...attrs });
    await using head = await begin('');
    assert.equal(head.key.isLazy, true);
    assert.ok(server.requests.every(({ path }) => !path.endsWith('git-upload-pack') || server.requests.length < 4));
    const root = await head.run();
    assert.deepEqual(readdirSync(root).sort(), ['a', 'sub']);
    assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'two');
    assert.deepEqual(
      [statSync(join(root, 'a')).mode & 0o777, statSync(join(root, 'sub/run')).mode & 0o777],
      [0o644, 0o755],
    );

    for (const ref of ['v1', 'other/topic', 'refs/tags/v1', first]) {
      await using step = await begin(`#${ref}`);
      assert.equal(readFileSync(join(await step.run(), 'a'), 'utf8'), 'one', ref);
    }
    await using main = await begin('#main');
    assert.equal(main.key.digest, head.key.digest);
    const before = server.requests.length;
    await using commit = await begin(`#${second}`);
    assert.deepEqual([commit.key.digest, server.requests.length], [head.key.digest, before]);
    await using folder = await begin('#v1:sub');
    assert.deepEqual(readdirSync(await folder.run()).sort(), ['link', 'run']);
    await assert.rejects(begin('#none'), { kind: 'notFound', message: /does not contain ref none/ });
    await using byCommit = await begin('#v1', { 'git.fetchbycommit': 'true', 'git.checksum': first.slice(0, 12) });
    assert.equal(readFileSync(join(await byCommit.run(), 'a'), 'utf8'), 'one');
    for (const name of ['git.sig.pubkey', 'git.sig.requiresignedtag', 'git.bundle']) {
      await assert.rejects(begin('#v1', { [name]: 'true' }), { kind: 'notImplemented', message: new RegExp(name) });
    }
    await assert.rejects(begin('#v1', { 'git.checksum': second }), {
      message: `expected checksum to match ${second}, got ${first}`,
    });
    await using checked = await begin('#v1', { 'git.checksum': first.slice(0, 10) });
    assert.equal(checked.key.isLazy, true);
    assert.deepEqual(fixture.snapshots.writables(), []);
  });

for (const driver of DRIVERS)
  test(`the directory .git and the times of a commit are there on request, on ${driver}`, async (t) => {
    const { served, work, second } = repositories(t);
    await using server = await startGitServer(served);
    await using fixture = await openSourceFixture(undefined, driver);
    const url = { 'git.fullurl': `${server.url}/r.git` };
    await using kept = await fixture.begin('git://host/r.git', { ...url, 'git.keepgitdir': 'true' });
    const root = await kept.run();
    const safe = ['-c', 'safe.directory=*'];
    assert.equal(execFileSync('git', [...safe, 'rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(), second);
    await using timed = await fixture.begin('git://host/r.git', { ...url, 'git.mtime': 'commit' });
    const seconds = Number(git(work, 'log', '-1', '--format=%ct'));
    assert.equal(statSync(join(await timed.run(), 'a')).mtimeMs, seconds * 1000);
  });

test('submodules come with a repository, but not from files of the host', async (t) => {
  const { served, work, publish } = repositories(t);
  git(served, 'clone', '-q', '--bare', work, 'module.git');
  await using server = await startGitServer(served);
  await using fixture = await openSourceFixture();
  git(work, 'submodule', '--quiet', 'add', join(served, 'module.git'), 'module');
  git(work, 'config', '-f', '.gitmodules', 'submodule.module.url', `${server.url}/module.git`);
  git(work, 'add', '.gitmodules');
  git(work, 'commit', '-qm', 'module');
  publish();
  const url = { 'git.fullurl': `${server.url}/r.git` };
  {
    await using step = await fixture.begin('git://host/r.git', url);
    assert.equal(readFileSync(join(await step.run(), 'module/a'), 'utf8'), 'two');
    await using without = await fixture.begin('git://host/r.git', { ...url, 'git.skipsubmodules': 'true' });
    assert.deepEqual(readdirSync(join(await without.run(), 'module')), []);
  }
  git(work, 'config', '-f', '.gitmodules', 'submodule.module.url', join(served, 'module.git'));
  git(work, 'commit', '-qam', 'from the host');
  publish();
  await using hostile = await fixture.begin('git://host/r.git', url);
  await assert.rejects(hostile.run(), { kind: 'failed', message: /transport 'file' not allowed/ });
});

test('a client’s token opens a repository, and others do not get what came by it', async (t) => {
  const { served, second } = repositories(t);
  const header = `basic ${Buffer.from('x-access-token:secret').toString('base64')}`;
  await using server = await startGitServer(served, header);
  await using fixture = await openSourceFixture();
  await using client = await connectClient({
    sessions: fixture.sessions,
    served: serve(secrets, {
      async GetSecret({ ID }) {
        if (ID !== 'TOKEN') throw new GrpcError(code.notFound, 'no such secret');
        return { data: Buffer.from('secret\n') };
      },
    }),
  });
  await using stranger = await connectClient({ sessions: fixture.sessions });
  const attrs = { 'git.fullurl': `${server.url}/r.git`, 'git.authtokensecret': 'TOKEN' };
  await using step = await fixture.begin('git://host/r.git', attrs, client.session.id);
  assert.equal(readFileSync(join(await step.run(), 'a'), 'utf8'), 'two');
  await using denied = await fixture.begin(`git://host/r.git#${second}`, attrs, stranger.session.id);
  await assert.rejects(denied.run(), { kind: 'failed' });
});

test('hostile addresses, refs and folders do not reach the host', async (t) => {
  const { served, work, publish } = repositories(t);
  await using server = await startGitServer(served);
  await using fixture = await openSourceFixture();
  const marker = join(served, 'pwned');
  for (const url of [
    `ext::sh -c touch% ${marker}`,
    `file://${served}/r.git`,
    join(served, 'r.git'),
    `--upload-pack=touch ${marker}`,
    'ssh://-oProxyCommand=touch/x',
    '-oProxyCommand=x@host:y',
  ])
    await assert.rejects(fixture.begin('git://host/r.git', { 'git.fullurl': url }), { kind: 'invalid' }, url);
  const good = { 'git.fullurl': `${server.url}/r.git` };
  for (const ref of ['--upload-pack=x', 'a..b', 'a b', 'a^{}', '+a', 'x.lock'])
    if (ref !== '+a') await assert.rejects(fixture.begin(`git://host/r.git#${ref}`, good), { kind: 'invalid' }, ref);
  rmSync(join(work, 'sub'), { recursive: true });
  symlinkSync('/etc', join(work, 'sub'));
  writeFileSync(join(work, '.gitattributes'), 'a filter=evil\n');
  git(work, 'add', '-A');
  git(work, 'commit', '-qm', 'hostile');
  publish();
  await using outside = await fixture.begin('git://host/r.git#main:sub', good);
  await assert.rejects(outside.run());
  await using above = await fixture.begin('git://host/r.git#main:../../..', good);
  assert.deepEqual(readdirSync(await above.run()).includes('etc'), false);
  assert.equal(existsSync(marker), false);
});

test('a build that ends stops git', async (t) => {
  const { served } = repositories(t);
  await using server = await startGitServer(served);
  await using fixture = await openSourceFixture();
  const abort = new AbortController();
  abort.abort();
  const begun = fixture.begin('git://host/r.git', { 'git.fullurl': `${server.url}/r.git` }, '', abort.signal);
  await assert.rejects(begun, { kind: 'cancelled' });
});

test('kept repositories are listed, and removed unless a build uses them', async (t) => {
  const { served } = repositories(t);
  await using server = await startGitServer(served);
  await using fixture = await openSourceFixture();
  const items = gitItems(fixture.deps.ports);
  const never = new AbortController().signal;
  assert.deepEqual(await items.items(never), []);
  const url = `${server.url}/r.git`;
  await using source = await fixture.begin('git://host/r.git', { 'git.fullurl': url.replace('://', '://user@') });
  await source.run();
  const [item, ...others] = await items.items(never);
  assert.deepEqual(others, []);
  assert.deepEqual([item?.type, item?.description], ['source.git.checkout', `shared git repo for ${url}`]);
  assert.ok(item !== undefined && item.sizeBytes > 0 && !item.isInUse);
  const path = join(repositoriesIn(fixture.deps.ports.folder), item.id);
  {
    using _use = await repositoryLocks.acquire(path);
    assert.equal((await items.items(never))[0]?.isInUse, true);
    assert.equal(await items.remove(item.id), false);
  }
  assert.equal(await items.remove('../git'), false);
  assert.equal(await items.remove(item.id), true);
  assert.equal(existsSync(path), false);
});
