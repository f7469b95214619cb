import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGitSource } from './git-source.ts';

test('repositories are told from other addresses', () => {
  for (const text of [
    'a.txt',
    'http://host/x.tar',
    'https://host/dir/',
    'git@host',
    './x.git',
    'oci-layout://x',
    'C:\\x',
  ]) {
    assert.equal(parseGitSource(text), undefined, text);
  }
  const locations = [
    'https://host/me/it.git',
    'http://user:pass@host/me/it.git#main',
    'ssh://git@host/me/it',
    'git@host:me/it.git',
    'git://host/me/it.git',
  ].map((text) => [parseGitSource(text)?.location, parseGitSource(text)?.isSsh]);
  assert.deepEqual(locations, [
    ['host/me/it.git', false],
    ['host/me/it.git', false],
    ['host/me/it', true],
    ['host/me/it.git', true],
    ['host/me/it.git', false],
  ]);
});

test('a fragment and a query choose a part', () => {
  const all = parseGitSource(
    'https://host/it.git?tag=v1&subdir=/a&keep-git-dir=1&submodules=false&mtime=commit&commit=abc',
  );
  assert.deepEqual(all, {
    url: 'https://host/it.git',
    location: 'host/it.git',
    isSsh: false,
    ref: 'refs/tags/v1',
    folder: 'a',
    checksum: 'abc',
    keepsGitDirectory: true,
    skipsSubmodules: true,
    hasCommitTimes: true,
  });
  const { ref, folder } = parseGitSource('git@host:it.git#v2:/b/c') ?? {};
  assert.deepEqual([ref, folder], ['v2', 'b/c']);
});

test('queries that contradict or mean nothing are refused', () => {
  assert.throws(() => parseGitSource('https://host/it.git?ref=a&branch=b'), /ref conflicts/);
  assert.throws(() => parseGitSource('https://host/it.git?depth=1'), /unexpected query "depth"/);
  assert.throws(() => parseGitSource('https://host/it.git?mtime=now'), /invalid mtime value: now/);
});
