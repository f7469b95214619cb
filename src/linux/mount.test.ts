import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bindMount, detachMount, MS, mount, setPropagation, unmount } from './mount.ts';
import { isMountPoint, mountOf, parseMountInfo, readMountInfo } from './mountinfo.ts';
import { fitsMountOptions, mountOverlay, mountOverlayByOptions } from './overlay-mount.ts';

let root = '';
before(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-mount-'));
  mount({ source: 'tmpfs', target: root, type: 'tmpfs', data: 'size=4m' });
  setPropagation(root, 'rprivate');
});
after(() => {
  unmount(root);
  rmSync(root, { recursive: true });
  assert.deepEqual(
    readMountInfo().filter((entry) => entry.mountPoint.startsWith(root)),
    [],
  );
});

function folder(...names: string[]): string {
  const path = join(root, ...names);
  mkdirSync(path, { recursive: true });
  return path;
}

test('detaching a directory that is not a mount is a no-op', () => {
  assert.equal(detachMount(folder('plain')), false);
});

test('detaching a missing path names the errno and the path', () => {
  assert.throws(() => detachMount('/nope'), { code: 'ENOENT', message: 'umount2 /nope: ENOENT' });
});

test('a read-only bind refuses writes, and its source does not', () => {
  const [source, target] = [folder('bind source'), folder('bind target')];
  bindMount(source, target, { readOnly: true });
  try {
    assert.equal(isMountPoint(target), true);
    assert.equal(mountOf(join(target, 'x'))?.mountPoint, target);
    assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
    writeFileSync(join(source, 'x'), 'seen');
    assert.equal(readFileSync(join(target, 'x'), 'utf8'), 'seen');
  } finally {
    unmount(target);
  }
  assert.equal(isMountPoint(target), false);
});

test('mount errors name the target', () => {
  const target = folder('wrong');
  assert.throws(() => mount({ source: 'x', target, type: 'nosuchfs' }), {
    code: 'ENODEV',
    message: new RegExp(target),
  });
  assert.throws(() => mount({ source: '/nope', target, type: null, flags: MS.BIND }), { code: 'ENOENT' });
});

test('an overlay of two hundred layers mounts and shows the topmost file', () => {
  const lower = Array.from({ length: 200 }, (_, index) => folder(`layer ${index}`));
  lower.forEach((layer, index) => {
    writeFileSync(join(layer, 'name'), String(index));
  });
  const request = { lower, upper: folder('upper'), work: folder('work'), target: folder('merged') };
  mountOverlay(request);
  try {
    assert.equal(readFileSync(join(request.target, 'name'), 'utf8'), '0');
    writeFileSync(join(request.target, 'name'), 'changed');
    assert.equal(readFileSync(join(root, 'upper', 'name'), 'utf8'), 'changed');
  } finally {
    unmount(request.target);
  }
  assert.equal(fitsMountOptions(request), false);
});

test('a failed overlay says what the kernel found wrong, and leaves nothing mounted', () => {
  const target = folder('not merged');
  assert.throws(
    () => mountOverlay({ lower: ['/nope'], upper: folder('upper2'), work: folder('work2'), target }),
    /fsconfig .*\/nope.*ENOENT/,
  );
  assert.equal(isMountPoint(target), false);
});

test('mounting by options works with what fits one page', () => {
  const request = { lower: [folder('low')], upper: folder('u'), work: folder('w'), target: folder('m') };
  writeFileSync(join(root, 'low', 'f'), 'x');
  assert.equal(fitsMountOptions(request), true);
  mountOverlayByOptions(request);
  assert.equal(readFileSync(join(request.target, 'f'), 'utf8'), 'x');
  unmount(request.target);
  assert.equal(fitsMountOptions({ ...request, upper: '/a:b' }), false);
});

test('mountinfo lines are taken apart, escapes undone, and broken lines left out', () => {
  const line = '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/ro\\134ot rw,errors=continue';
  assert.deepEqual(parseMountInfo(`${line}\n36 35\n\n`), [
    {
      id: 36,
      parentId: 35,
      device: '98:0',
      root: '/mnt1',
      mountPoint: '/mnt 2',
      options: ['rw', 'noatime'],
      propagation: ['shared:1', 'master:2'],
      type: 'ext3',
      source: '/dev/ro\\ot',
      superOptions: ['rw', 'errors=continue'],
    },
  ]);
});
