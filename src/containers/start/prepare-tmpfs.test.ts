import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalid } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';
import { prepareTmpfs } from './prepare-tmpfs.ts';

const mount = (Destination: string, change: Partial<MountRecord> = {}): MountRecord => ({
  Type: 'tmpfs',
  Source: '',
  Destination,
  Mode: '',
  RW: true,
  Propagation: '',
  copyUp: false,
  anonymous: false,
  ...change,
});

/** Returns a fake root with these folders (mode, uid, gid) and files. It records the directories that are made. */
function rootWith(folders: Readonly<Record<string, readonly [number, number, number]>>, files: readonly string[] = []) {
  const made: string[] = [];
  return {
    made,
    stat(_root: string, path: string) {
      const [mode, uid, gid] = folders[path] ?? [0, 0, 0];
      if (folders[path] !== undefined) return { mode: 0o40000 | mode, uid, gid, isDirectory: () => true };
      return files.includes(path) ? { mode: 0o100644, uid: 0, gid: 0, isDirectory: () => false } : undefined;
    },
    makeDirectory(_root: string, path: string): string {
      if (files.some((file) => path.startsWith(`${file}/`))) throw invalid(`${path} is not a directory`);
      made.push(path);
      return path;
    },
  };
}

test('a tmpfs takes mode and owner of the folder below it, unless its options say otherwise', () => {
  const roots = rootWith({ '/d': [0o2750, 1000, 1001], '/etc': [0o755, 0, 0] });
  const mounts = [mount('/d'), mount('/etc', { options: ['size=1m'] })];
  const placed = prepareTmpfs(roots, '/r', mounts);
  assert.deepEqual(
    mounts.map(placed).map(({ options }) => options),
    [
      ['mode=2750', 'uid=1000', 'gid=1001'],
      ['size=1m', 'mode=755'],
    ],
  );
  const said = [mount('/d', { options: ['uid=5', 'mode=711'] })];
  assert.deepEqual(said.map(prepareTmpfs(roots, '/r', said))[0]?.options, ['uid=5', 'mode=711', 'gid=1001']);
  assert.deepEqual(roots.made, []);
});

test('a missing folder is made and stays 1777 in later starts', () => {
  const roots = rootWith({});
  const mounts = [mount('/new/deep')];
  const first = mounts.map(prepareTmpfs(roots, '/r', mounts));
  assert.deepEqual(first[0]?.options, ['mode=1777']);
  assert.deepEqual(roots.made, ['/new/deep']);
  const second = first.map(prepareTmpfs(rootWith({ '/new/deep': [0o755, 0, 0] }), '/r', first));
  assert.deepEqual(second[0]?.options, ['mode=1777']);
});

test('what lies in another mount, is no tmpfs or no folder is left to the runtime', () => {
  const roots = rootWith({}, ['/file']);
  const mounts = [
    mount('/data', { Type: 'volume' }),
    ...['/data/tmp', '/dev/shm', '/dev', '/proc/x', '/file'].map((path) => mount(path)),
  ];
  assert.deepEqual(
    mounts.map(prepareTmpfs(roots, '/r', mounts)).map(({ options }) => options ?? []),
    [[], [], [], [], [], []],
  );
  const below = [mount('/file/x')];
  assert.deepEqual(below.map(prepareTmpfs(roots, '/r', below))[0]?.options, ['mode=1777']);
  assert.deepEqual(roots.made, []);
});
