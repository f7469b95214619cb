import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { invalid } from '../../base/errors.ts';
import type { MountRecord } from '../model/record.ts';
import { makeMountPoints } from './make-mount-points.ts';

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

type Attributes = readonly [mode: number, uid: number, gid: number];

/** A host in memory: folders and symlinks by their path on it, beneath a root at `/r`. It records what is made. */
function host(
  folders: Readonly<Record<string, Attributes>>,
  { files = [], links = {} }: { files?: readonly string[]; links?: Readonly<Record<string, string>> } = {},
) {
  const made: string[] = [];
  const on = (root: string, path: string): string => `${root}${path === '/' ? '' : path}`;
  return {
    made,
    rootfs: '/r',
    hasOwnPids: true,
    roots: {
      stat(root: string, path: string) {
        const [mode, uid, gid] = folders[on(root, path)] ?? [0, 0, 0];
        if (folders[on(root, path)] !== undefined) return { mode: 0o40000 | mode, uid, gid, isDirectory: () => true };
        return files.includes(on(root, path))
          ? { mode: 0o100644, uid: 0, gid: 0, isDirectory: () => false }
          : undefined;
      },
      readLink: (root: string, path: string) => links[on(root, path)],
      makeDirectory(root: string, path: string): string {
        if (files.some((file) => on(root, path).startsWith(`${file}/`))) throw invalid(`${path} is not a directory`);
        made.push(on(root, path));
        return path;
      },
      makeFile: (root: string, path: string) => void made.push(`${on(root, path)} file`),
    },
  };
}

const optionsOf = (mounts: readonly MountRecord[]) => mounts.map(({ options }) => options);

test('a tmpfs takes mode and owner of the folder below it, unless its options say otherwise', () => {
  const deps = host({ '/r/d': [0o2750, 1000, 1001], '/r/etc': [0o755, 0, 0] });
  const mounts = [mount('/d'), mount('/etc', { options: ['size=1m'] })];
  assert.deepEqual(optionsOf(makeMountPoints(deps, mounts)), [
    ['mode=2750', 'uid=1000', 'gid=1001'],
    ['size=1m', 'mode=755'],
  ]);
  assert.deepEqual(optionsOf(makeMountPoints(deps, [mount('/d', { options: ['uid=5', 'mode=711'] })])), [
    ['uid=5', 'mode=711', 'gid=1001'],
  ]);
  assert.deepEqual(deps.made, []);
});

test('a tmpfs on a missing folder is 1777 at the first start, and takes the mode of the folder at the next', () => {
  const deps = host({});
  assert.deepEqual(optionsOf(makeMountPoints(deps, [mount('/new/deep')])), [['mode=1777']]);
  assert.deepEqual(deps.made, ['/r/new/deep']);
  assert.deepEqual(optionsOf(makeMountPoints(host({ '/r/new/deep': [0o755, 0, 0] }), [mount('/new/deep')])), [
    ['mode=755'],
  ]);
});

test('mount points in a tmpfs, in /dev and /sys, and below a file are left to the runtime', () => {
  const deps = host({}, { files: ['/r/file'] });
  const mounts = ['/dev/shm', '/dev', '/sys/x', '/file/x', '/t', '/t/below'].map((path) => mount(path));
  const placed = makeMountPoints(deps, mounts);
  assert.deepEqual(placed.find(({ Destination }) => Destination === '/t/below')?.options, undefined);
  assert.deepEqual(placed.find(({ Destination }) => Destination === '/dev/shm')?.options, undefined);
  assert.deepEqual(deps.made, ['/r/t']);
});

test('missing mount points are made through symlinks, in the root and in earlier mounts', (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-mount-points-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'vol'));
  writeFileSync(join(folder, 'file'), '');
  const vol = join(folder, 'vol');
  const deps = host(
    { '/r': [0o755, 0, 0], '/r/v': [0o755, 0, 0], [vol]: [0o755, 0, 0] },
    {
      links: {
        '/r/dangling': '../../no/where',
        '/r/chain': 'dangling/x',
        [`${vol}/in`]: 'sub/y',
        [`${vol}/out`]: '/there',
        '/r/loop': 'loop',
      },
    },
  );
  const bind = (path: string, Source = vol): MountRecord => mount(path, { Type: 'bind', Source });
  makeMountPoints(deps, [
    ...[bind('/v/out/z'), bind('/v/in'), bind('/v'), bind('/chain'), bind('/dangling', join(folder, 'file'))],
    bind('/gone', join(folder, 'gone')),
  ]);
  assert.deepEqual(deps.made, ['/r/no/where/x', '/r/no/where file', `${vol}/sub/y`, '/r/there/z']);
  assert.throws(() => makeMountPoints(deps, [bind('/loop')]), {
    message: /openat2 \/loop: too many levels of symbolic/,
  });
  const locked = { ...bind('/v'), RW: false };
  assert.throws(() => makeMountPoints(deps, [locked, bind('/v/a/b')]), {
    kind: 'failed',
    message: /make mountpoint "\/v\/a\/b": mkdirat \/r\/v\/a: read-only file system$/,
  });
});

test('a mount at or below /proc is refused, also through symlinks of what is mounted before', (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-mount-points-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const links = { '/r/p': '../proc', [`${folder}/self`]: '/proc/self', '/r/cwd': '/proc/self/cwd' };
  const there: Attributes = [0o555, 0, 0];
  const deps = host(
    { '/proc': there, '/proc/sys': there, '/proc/self': there, '/proc/self/cwd': there, [folder]: there },
    { links: { ...links, '/proc/self/cwd': '/' }, files: ['/proc/cpuinfo', '/proc/version'] },
  );
  const bind = (path: string, Source = folder): MountRecord => mount(path, { Type: 'bind', Source });
  const refused = (mounts: readonly MountRecord[], text: string): void =>
    assert.throws(
      () => makeMountPoints(deps, mounts),
      (error: Error) => {
        assert.ok(error.message.endsWith(text), error.message);
        return true;
      },
    );
  refused([bind('/proc')], '"/r/proc" cannot be mounted because it is not of type proc');
  refused([mount('/p')], '"/r/proc" cannot be mounted because it is not of type proc');
  refused([bind('/p/sys')], '"/r/proc/sys" cannot be mounted because it is inside /proc');
  refused([bind('/a'), bind('/a/self')], '"/r/proc/1" cannot be mounted because it is inside /proc');
  refused([bind('/proc/version')], '"/r/proc/version" cannot be mounted because it is inside /proc');
  refused([bind('/cwd')], 'openat2 /cwd: too many levels of symbolic links');
  refused([bind('/proc/77')], 'make mountpoint "/proc/77": mkdirat /r/proc/77: no such file or directory');
  makeMountPoints(deps, [bind('/proc', '/proc'), bind('/proc/cpuinfo')]);
  refused([bind('/proc', '/proc/sys')], 'open /proc/sys/kernel/cap_last_cap: no such file or directory');
});
