import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeDirectoryInRoot, readInRoot, statInRoot } from './in-root.ts';
import { makeDevice, makeNode, S_IF } from './mknod.ts';

let outside = '';
let root = '';
before(() => {
  outside = mkdtempSync(join(tmpdir(), 'gantry-root-'));
  root = join(outside, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/passwd'), 'inside');
  writeFileSync(join(outside, 'secret'), 'outside');
});
after(() => rmSync(outside, { recursive: true }));

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

test('links that would lead out of the root are resolved inside it', () => {
  symlinkSync('/etc/passwd', join(root, 'absolute'));
  symlinkSync('../../../../../../etc/passwd', join(root, 'climbing'));
  symlinkSync(join(outside, 'secret'), join(root, 'leak'));
  assert.equal(readInRoot(root, 'absolute', 100)?.toString(), 'inside');
  assert.equal(readInRoot(root, '/climbing', 100)?.toString(), 'inside');
  assert.equal(readInRoot(root, '../secret', 100), undefined);
  assert.equal(readInRoot(root, 'leak', 100), undefined);
});

test('what is at a path is told without leaving the root', () => {
  const before = descriptors();
  symlinkSync('../../../secret', join(root, 'away'));
  symlinkSync('/etc', join(root, 'etclink'));
  assert.equal(statInRoot(root, '/etclink')?.isDirectory(), true);
  assert.equal(statInRoot(root, '/etclink/passwd')?.size, 'inside'.length);
  for (const path of ['/away', '/nope', '/etc/passwd/x']) assert.equal(statInRoot(root, path), undefined, path);
  assert.equal(descriptors(), before);
});

test('what is missing is undefined, what is not a regular file or too large is refused, and no descriptor is left', () => {
  const before = descriptors();
  makeNode(join(root, 'fifo'), S_IF.IFO | 0o644);
  makeNode(join(root, 'null'), S_IF.CHR | 0o644, makeDevice(1, 3));
  symlinkSync('loop', join(root, 'loop'));
  assert.equal(readInRoot(root, '/nope/passwd', 100), undefined);
  assert.equal(readInRoot(root, '/etc/passwd/x', 100), undefined);
  assert.equal(readInRoot(root, '/loop', 100), undefined);
  for (const path of ['/fifo', '/null', '/etc']) assert.throws(() => readInRoot(root, path, 100), { kind: 'invalid' });
  assert.throws(() => readInRoot(root, '/etc/passwd', 5), { kind: 'invalid', message: /too large/ });
  assert.equal(descriptors(), before);
});

test('a working directory is made with its parents, through the links of the root, with the wanted owner', () => {
  const before = descriptors();
  symlinkSync('/run', join(root, 'varrun'));
  symlinkSync('../../../../escaped', join(root, 'up'));
  assert.equal(makeDirectoryInRoot(root, '/varrun/app/./x/../y', { uid: 12, gid: 34 }), '/run/app/y');
  const stat = lstatSync(join(root, 'run/app/y'));
  assert.deepEqual([stat.uid, stat.gid, stat.mode & 0o7777], [12, 34, 0o755]);
  assert.equal(makeDirectoryInRoot(root, '../../up/z', { uid: 0, gid: 0, mode: 0o700 }), '/escaped/z');
  assert.deepEqual(readdirSync(outside).sort(), ['root', 'secret']);
  assert.equal(lstatSync(join(root, 'etc')).uid, 0);
  assert.throws(() => makeDirectoryInRoot(root, '/etc/passwd/x', { uid: 0, gid: 0 }), { kind: 'invalid' });
  assert.throws(() => makeDirectoryInRoot(root, '/loop/x', { uid: 0, gid: 0 }), {
    kind: 'invalid',
    message: /too many levels/,
  });
  assert.equal(descriptors(), before);
});

test('device numbers are put together as the C library does', () => {
  for (const [major, minor] of [
    [0, 0],
    [1, 3],
    [8, 300],
    [259, 70_000],
    [4095, 2 ** 20 - 1],
  ] as const) {
    const path = join(root, `dev-${major}-${minor}`);
    makeNode(path, S_IF.BLK | 0o600, makeDevice(major, minor));
    assert.equal(execFileSync('stat', ['-c', '%Hr:%Lr', path], { encoding: 'utf8' }).trim(), `${major}:${minor}`);
  }
  assert.throws(() => makeDevice(5000, 1), RangeError);
});
