import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { toBytePath } from '../byte-path.ts';
import { setTimes } from '../file-times.ts';
import { makeDevice, makeNode, S_IF } from '../mknod.ts';
import { bindMount, detachMount, mount } from '../mount.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from '../xattr.ts';
import { copyTree } from './copy-tree.ts';
import { Directory } from './directory.ts';
import { removeTree, removeTreeSlowly } from './remove-tree.ts';
import { treeSize } from './tree-size.ts';

let base = '';
let count = 0;
before(() => {
  base = mkdtempSync(join(tmpdir(), 'gantry-tree-'));
});
after(() => rmSync(base, { recursive: true }));

function folder(): string {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
}

test('a copy keeps owners, modes, times, links, attributes, nodes, holes and odd names', () => {
  const [source, target] = [folder(), folder()];
  mkdirSync(join(source, 'bin'));
  writeFileSync(join(source, 'bin/su'), 'program');
  chownSync(join(source, 'bin/su'), 5, 6);
  chmodSync(join(source, 'bin/su'), 0o4755);
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  setXattr(join(source, 'bin/su'), 'security.capability', capability);
  setTimes(join(source, 'bin/su'), 1n, -1_500_000_001n);
  linkSync(join(source, 'bin/su'), join(source, 'zz-link'));
  symlinkSync('/etc/passwd', join(source, 'link'));
  lchownSync(join(source, 'link'), 7, 8);
  makeNode(join(source, 'null'), S_IF.CHR | 0o666, makeDevice(1, 3));
  makeNode(join(source, 'fifo'), S_IF.IFO | 0o600);
  makeNode(join(source, 'socket'), S_IF.SOCK | 0o600);
  writeFileSync(join(source, 'sparse'), 'start');
  truncateSync(join(source, 'sparse'), 50_000_000_000);
  writeFileSync(Buffer.from(`${source}/caf\xe9`, 'latin1'), 'not UTF-8');
  chmodSync(source, 0o1777);
  setTimes(join(source, 'bin'), 5n, 123_456_789_012_345_678n);

  copyTree({ source, target });

  const su = lstatSync(join(target, 'bin/su'), { bigint: true });
  assert.deepEqual([su.uid, su.gid, su.mode & 0o7777n, su.mtimeNs, su.nlink], [5n, 6n, 0o4755n, -1_500_000_001n, 2n]);
  assert.deepEqual(getXattr(join(target, 'bin/su'), 'security.capability'), capability);
  assert.equal(lstatSync(join(target, 'zz-link'), { bigint: true }).ino, su.ino);
  assert.equal(lstatSync(join(target, 'bin'), { bigint: true }).mtimeNs, 123_456_789_012_345_678n);
  assert.equal(readlinkSync(join(target, 'link')), '/etc/passwd');
  assert.equal(lstatSync(join(target, 'link')).gid, 8);
  assert.equal(lstatSync(join(target, 'null')).rdev, makeDevice(1, 3));
  assert.ok(lstatSync(join(target, 'fifo')).isFIFO());
  assert.ok(lstatSync(join(target, 'socket')).isSocket());
  const sparse = lstatSync(join(target, 'sparse'));
  assert.equal(sparse.size, 50_000_000_000);
  assert.ok(sparse.blocks < 1000);
  assert.equal(readFileSync(Buffer.from(`${target}/caf\xe9`, 'latin1'), 'utf8'), 'not UTF-8');
  assert.equal(lstatSync(target).mode & 0o7777, 0o1777);
  assert.equal(treeSize(source), treeSize(target));
});

test('a copy that is cancelled stops', () => {
  const [source, target] = [folder(), folder()];
  for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), '');
  let asked = 0;
  assert.throws(() => copyTree({ source, target, cancelled: () => ++asked > 2 }), { kind: 'cancelled' });
  assert.equal(readdirSync(target).length, 2);
});

test('a copy tells its progress, and a large file is copied in parts that can be cancelled', () => {
  const [source, target] = [folder(), folder()];
  const size = 20 << 20;
  writeFileSync(join(source, 'large'), Buffer.alloc(size, 'x'));
  symlinkSync('large', join(source, 'link'));
  const told: number[] = [];
  copyTree({ source, target, progress: (bytes) => void told.push(bytes) });
  assert.equal(told.at(-1), size + 'large'.length);
  assert.equal(told.at(-1), treeSize(source));
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.deepEqual(readFileSync(join(target, 'large')), readFileSync(join(source, 'large')));
  // Where the file system shares blocks there are no parts.
  if (told.length < 4) return;
  let asked = 0;
  const cut = folder();
  rmSync(join(source, 'link'));
  assert.throws(() => copyTree({ source, target: cut, cancelled: () => ++asked > 3 }), { kind: 'cancelled' });
  assert.ok(lstatSync(join(cut, 'large')).blocks * 512 < size);
});

test('a copy never writes through a symlink that waits in the target', () => {
  const [source, target, victim] = [folder(), folder(), folder()];
  mkdirSync(join(source, 'etc'));
  writeFileSync(join(source, 'etc/passwd'), 'x');
  symlinkSync(victim, join(target, 'etc'));
  assert.throws(() => copyTree({ source, target }), { code: 'EEXIST' });
  assert.deepEqual(readdirSync(victim), []);
});

test('a copy changes nothing behind a symlink that a process of the target puts in the place of a copied file', () => {
  const [source, target, victim] = [folder(), folder(), folder()];
  writeFileSync(join(source, 'file'), 'x');
  chmodSync(join(source, 'file'), 0o4777);
  writeFileSync(join(victim, 'secret'), 'of the host', { mode: 0o600 });
  const swap = (): void => {
    rmSync(join(target, 'file'));
    symlinkSync(join(victim, 'secret'), join(target, 'file'));
  };
  copyTree({ source, target, progress: swap });
  assert.equal(lstatSync(join(victim, 'secret')).mode & 0o7777, 0o600);
  assert.equal(readFileSync(join(victim, 'secret'), 'utf8'), 'of the host');
});

test('a copy leaves out what vanishes, and takes what is replaced as it is then', () => {
  const [source, target] = [folder(), folder()];
  for (const name of ['a', 'b']) writeFileSync(join(source, name), name);
  // After the content of each file, and before its attributes.
  copyTree({ source, target, progress: () => rmSync(join(source, 'a'), { force: true }) });
  assert.ok(readdirSync(target).includes('b'));

  mkdirSync(join(source, 'gone'));
  using removed = new Directory(join(source, 'gone'));
  rmSync(join(source, 'gone'), { recursive: true });
  assert.deepEqual(removed.entries(), []);

  using directory = new Directory(source);
  makeNode(join(source, 'fifo'), S_IF.IFO | 0o600);
  makeNode(join(source, 'null'), S_IF.CHR | 0o600, makeDevice(1, 3));
  symlinkSync('b', join(source, 'link'));
  for (const name of ['fifo', 'null', 'link'])
    assert.throws(() => directory.openFile(toBytePath(name)), { code: 'ELOOP' }, 'opened as a file');
});

test('a copy of a folder that a process keeps changing is made all the same', async () => {
  const source = folder();
  const script = `cd "$1" && while :; do
    ln -sfn / d 2>/dev/null; rm -f d; mkdir d 2>/dev/null; echo 1 > d/f; echo 1 > x; ln -f x y; rm -f x; ln -sf /etc/passwd x; rm -rf d x
  done`;
  const writer = spawn('sh', ['-c', script, 'sh', source], { stdio: 'ignore' });
  try {
    for (let copies = 0; copies < 300; copies++) {
      const target = folder();
      copyTree({ source, target });
      assert.ok(treeSize(target) < 100, 'nothing of the host');
      if (copies % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } finally {
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  }
});

test('a tree deeper than the longest path is measured, copied and removed', () => {
  const [source, target] = [folder(), folder()];
  const name = 'd'.repeat(200);
  const open = [new Directory(source)];
  for (let depth = 0; depth < 300; depth++) {
    const parent = open.at(-1);
    assert.ok(parent !== undefined);
    mkdirSync(`${parent.path}/${name}`);
    open.push(new Directory(`${parent.path}/${name}`));
  }
  writeFileSync(`${open.at(-1)?.path}/file`, '12345');
  for (const directory of open) directory[Symbol.dispose]();
  copyTree({ source, target });
  assert.equal(treeSize(target), 5);
  removeTree(source);
  removeTree(target);
  removeTree(target);
  assert.equal(lstatSync(source, { throwIfNoEntry: false }), undefined);
  assert.equal(lstatSync(target, { throwIfNoEntry: false }), undefined);
});

/** Mounts on a directory, a directory deep below and a file of a tree. Its own files have 8 bytes. */
function treeWithMounts(): { readonly tree: string; readonly points: readonly string[] } & Disposable {
  const [tree, other] = [folder(), folder()];
  writeFileSync(join(other, 'foreign'), 'of another tree');
  const points = ['tmpfs', 'deep/er/bind', 'deep/file'].map((point) => join(tree, point));
  const [tmpfs = '', bind = '', file = ''] = points;
  mkdirSync(tmpfs);
  mkdirSync(bind, { recursive: true });
  writeFileSync(join(bind, 'below'), 'hidden');
  writeFileSync(join(tree, 'deep/own'), '12345678');
  writeFileSync(file, '');
  mount({ source: 'tmpfs', target: tmpfs, type: 'tmpfs' });
  writeFileSync(join(tmpfs, 'foreign'), 'of memory');
  // The same file system: the device number does not show the mount.
  bindMount(other, bind);
  bindMount(join(other, 'foreign'), file);
  return {
    tree,
    points,
    [Symbol.dispose]() {
      for (const point of points) detachMount(point);
    },
  };
}

test('what is mounted in a tree is not measured', () => {
  using mounted = treeWithMounts();
  const [, , file = ''] = mounted.points;
  assert.equal(treeSize(mounted.tree), 8 + lstatSync(file).size);
  detachMount(file);
  assert.equal(treeSize(mounted.tree), 8);
  assert.equal(treeSize(join(mounted.tree, 'tmpfs')), 'of memory'.length, 'a tree that is itself a mount point');
});

test('a copy fails at what is mounted in its source, and takes nothing of it', () => {
  using mounted = treeWithMounts();
  for (const point of mounted.points) {
    const target = folder();
    assert.throws(() => copyTree({ source: mounted.tree, target }), {
      code: 'EXDEV',
      message: /^copy the mount point /,
    });
    const copied = readdirSync(target, { recursive: true });
    assert.ok(!copied.some((path) => String(path).endsWith('foreign')), copied.join(' '));
    assert.ok(!existsSync(join(target, 'deep/file')) || lstatSync(join(target, 'deep/file')).size === 0);
    detachMount(point);
  }
  const target = folder();
  copyTree({ source: mounted.tree, target });
  assert.equal(readFileSync(join(target, 'deep/er/bind/below'), 'utf8'), 'hidden');
});

test('a copy writes nothing into what is mounted in its target', () => {
  const [source, target, victim] = [folder(), folder(), folder()];
  mkdirSync(join(source, 'in/side'), { recursive: true });
  writeFileSync(join(source, 'in/side/file'), 'x');
  mkdirSync(join(target, 'in/side'), { recursive: true });
  bindMount(victim, join(target, 'in/side'));
  try {
    assert.throws(() => copyTree({ source, target }), {
      code: 'EXDEV',
      message: 'copy the mount point in/side: EXDEV',
    });
    assert.deepEqual(readdirSync(victim), []);
  } finally {
    detachMount(join(target, 'in/side'));
  }
});

const REMOVERS = { removeTree: async (path: string): Promise<void> => removeTree(path), removeTreeSlowly };

for (const [name, remove] of Object.entries(REMOVERS)) {
  test(`${name} spares what symlinks lead to and what is mounted, and removes the rest`, async () => {
    const [tree, victim] = [folder(), folder()];
    writeFileSync(join(victim, 'keep'), '');
    symlinkSync(victim, join(tree, 'link'));
    const points = ['tmpfs', 'deep/er/bind', 'deep/file'].map((point) => join(tree, point));
    const [tmpfs = '', bind = '', file = ''] = points;
    mkdirSync(tmpfs);
    mkdirSync(bind, { recursive: true });
    writeFileSync(file, 'below');
    mkdirSync(join(tree, 'deep/plain/empty'), { recursive: true });
    writeFileSync(join(tree, 'deep/plain/gone'), '');
    mount({ source: 'tmpfs', target: tmpfs, type: 'tmpfs' });
    // The same file system: the device number does not show the mount.
    bindMount(victim, bind);
    bindMount(join(victim, 'keep'), file);
    mkdirSync(join(tmpfs, 'empty'));
    try {
      await assert.rejects(remove(tree), (error: NodeJS.ErrnoException) => {
        assert.equal(error.code, 'EBUSY');
        return points.some((point) => error.message.includes(point));
      });
      assert.deepEqual(readdirSync(tmpfs), ['empty']);
      assert.deepEqual(readdirSync(bind), ['keep']);
      assert.deepEqual(readdirSync(tree).sort(), ['deep', 'tmpfs']);
      assert.deepEqual(readdirSync(join(tree, 'deep')).sort(), ['er', 'file']);
      await assert.rejects(remove(tmpfs), { code: 'EBUSY' });
      assert.deepEqual(readdirSync(tmpfs), ['empty'], 'a tree that is itself a mount point');
    } finally {
      for (const point of points) detachMount(point);
    }
    await remove(tree);
    assert.equal(lstatSync(tree, { throwIfNoEntry: false }), undefined);
    assert.deepEqual(readdirSync(victim), ['keep']);
  });

  test(`${name} takes a file, a symlink, odd names and nothing at all, and refuses a path that names no tree`, async () => {
    const base = folder();
    symlinkSync('/', join(base, 'link'));
    writeFileSync(join(base, 'file'), '');
    mkdirSync(Buffer.from(`${base}/caf\xe9`, 'latin1'));
    writeFileSync(Buffer.from(`${base}/caf\xe9/caf\xe8`, 'latin1'), '');
    await remove(join(base, 'link'));
    await remove(join(base, 'file'));
    await remove(join(base, 'absent'));
    await remove(join(base, 'absent/too'));
    for (const path of ['', '/', '.', `${base}/`, `${base}/.`, `${base}/..`, 'relative'])
      await assert.rejects(remove(path), TypeError, path);
    await remove(base);
    assert.equal(lstatSync(base, { throwIfNoEntry: false }), undefined);
  });
}

test('extended attributes are set, listed and removed; what is absent is undefined', () => {
  const path = join(folder(), 'file');
  writeFileSync(path, '');
  assert.deepEqual(listXattrs(path), []);
  setXattr(path, 'user.a', Buffer.from([0, 1, 255]));
  setXattr(path, 'trusted.b', Buffer.alloc(0));
  assert.deepEqual(listXattrs(path).sort(), ['trusted.b', 'user.a']);
  assert.deepEqual(getXattr(path, 'user.a'), Buffer.from([0, 1, 255]));
  removeXattr(path, 'user.a');
  removeXattr(path, 'user.a');
  assert.equal(getXattr(path, 'user.a'), undefined);
  assert.throws(() => getXattr('/nope', 'user.a'), { code: 'ENOENT' });
});
