import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuntimeSpec } from '../../spec/index.ts';
import { withTmpfsParents } from './tmpfs-parents.ts';

type Mount = readonly [type: string, destination: string];

const spec = (...mounts: readonly Mount[]): RuntimeSpec => ({
  ociVersion: '1.0.2',
  process: { terminal: false, args: ['true'], cwd: '/', env: [], user: { uid: 0, gid: 0 } },
  root: { path: '/roots/c' },
  mounts: mounts.map(([type, destination]) => ({ type, destination, source: type })),
  linux: { namespaces: [] },
});

/** The paths that the hook changes. */
const paths = (...mounts: readonly Mount[]): readonly string[] | undefined =>
  withTmpfsParents(spec(...mounts)).hooks?.['createContainer']?.[0]?.args?.slice(3);

test('the folders between a tmpfs and the mounts in it are changed once', () => {
  const inner = [
    ['bind', '/t/a/b/c'],
    ['tmpfs', '/t/a/d'],
  ] as const;
  assert.deepEqual(paths(['tmpfs', '/t'], ...inner), ['/roots/c/t/a', '/roots/c/t/a/b']);
});

test('without such folders there is no hook', () => {
  assert.equal(paths(['tmpfs', '/dev'], ['devpts', '/dev/pts'], ['bind', '/devices/a/b']), undefined);
  assert.equal(paths(['bind', '/v'], ['bind', '/v/a/b']), undefined);
});

test('what is below a mount that may be shared is left', () => {
  assert.equal(paths(['bind', '/v'], ['tmpfs', '/v/t'], ['bind', '/v/t/a/b']), undefined);
  assert.equal(paths(['tmpfs', '/t'], ['bind', '/t/v'], ['bind', '/t/v/a/b']), undefined);
});
