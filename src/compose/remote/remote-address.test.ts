import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheFolder, checkEnabled } from './cache-folder.ts';
import { isRemoteAddress } from './remote-address.ts';

test('addresses of repositories and artifacts are told from paths', () => {
  const remote = [
    'oci://registry/name:tag',
    'https://host/x.git',
    'https://host/x.git#ref:folder',
    'http://host/no-repository',
    'git://host/x',
    'ssh://git@host/x',
    'git@host:x.git',
    'user@host:x',
    'github.com/owner/x.git',
    'git://host/x?what=1',
  ];
  for (const address of remote) assert.equal(isRemoteAddress(address), true, address);
  const local = [
    'compose.yaml',
    './user@host:x',
    '../git@host:x',
    '/x/github.com/y.git',
    'ext::sh.git',
    'file:///x.git',
    'c:x',
    '-',
  ];
  for (const path of local) assert.equal(isRemoteAddress(path), false, path);
});

test('the cache is where docker compose has it', () => {
  assert.equal(cacheFolder({ HOME: '/home/u', XDG_CACHE_HOME: '/c' }), '/c/docker-compose');
  assert.equal(cacheFolder({ HOME: '/home/u', XDG_CACHE_HOME: '' }), '/home/u/.cache/docker-compose');
  assert.throws(() => cacheFolder({}), /neither XDG_CACHE_HOME nor HOME is set/);
});

test('variables turn remotes off', () => {
  for (const value of [undefined, '', '1', 'true', 'T'])
    checkEnabled('git', { COMPOSE_EXPERIMENTAL_GIT_REMOTE: value });
  assert.throws(
    () => checkEnabled('git', { COMPOSE_EXPERIMENTAL_GIT_REMOTE: '0' }),
    /^EngineError: git remote resource is disabled/,
  );
  assert.throws(() => checkEnabled('OCI', { COMPOSE_EXPERIMENTAL_OCI_REMOTE: 'x' }), /must be true or false, not "x"/);
});
