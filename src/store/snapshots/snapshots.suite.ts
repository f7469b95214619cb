import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type TarEntry, tarArchive } from '../../../test/support/busybox-image.ts';

import { digestOf, dir, file, NEVER, openFixture } from './snapshots.fixture.ts';

/** Registers the tests that every driver passes. */
export function snapshotsSuite(driver: 'overlay2' | 'vfs'): void {
  test(`${driver}: layers lie on one another, whiteouts and opaque folders hide, the writable takes changes`, async () => {
    await using fixture = openFixture(driver);
    const base = await fixture.layer([dir('a/'), file('a/one'), file('a/two'), dir('b/'), file('b/old'), file('gone')]);
    const top = await fixture.layer(
      [dir('a/'), file('a/one', 'newer'), file('.wh.gone', ''), dir('b/'), file('b/.wh..wh..opq', ''), file('b/new')],
      [base],
    );
    await fixture.snapshots.createWritable('c1', [base, top]);
    const root = await fixture.snapshots.mount('c1');
    assert.equal(await fixture.snapshots.mount('c1'), root, 'mounting again is the same');
    assert.equal(readFileSync(join(root, 'a/one'), 'utf8'), 'newer');
    assert.equal(readFileSync(join(root, 'a/two'), 'utf8'), 'a/two');
    assert.deepEqual(readdirSync(join(root, 'b')), ['new']);
    assert.equal(existsSync(join(root, 'gone')), false);
    writeFileSync(join(root, 'written'), 'x'.repeat(1000));
    await fixture.snapshots.createWritable('c2', [base]);
    assert.deepEqual(
      readdirSync(await fixture.snapshots.mount('c2')).sort(),
      ['a', 'b', 'gone'],
      'layers are not changed',
    );
    if (driver === 'overlay2') assert.equal(await fixture.snapshots.writableSize('c1'), 1000);
    await fixture.snapshots.unmount('c1');
    await fixture.snapshots.unmount('c1');
    assert.equal(readFileSync(join(await fixture.snapshots.mount('c1'), 'written'), 'utf8').length, 1000);
  });

  test(`${driver}: a file that marks containers is in their roots, and the folders of trees are known`, async () => {
    await using fixture = openFixture(driver);
    const base = await fixture.layer([file('one')]);
    const top = await fixture.layer([file('two')], [base]);
    await fixture.snapshots.createWritable('c', [base, top], { emptyFile: '.mark' });
    const root = await fixture.snapshots.mount('c');
    assert.deepEqual(readdirSync(root).sort(), ['.mark', 'one', 'two']);
    assert.equal(statSync(join(root, '.mark')).mode & 0o7777, 0o755);
    const [ofWritable, ofLayers] = [
      fixture.snapshots.writableFolders('c'),
      fixture.snapshots.layerFolders([base, top]),
    ];
    assert.equal(fixture.snapshots.writableFolders('unknown'), null);
    assert.equal(fixture.snapshots.layerFolders([digestOf(Buffer.from('unknown'))]), null);
    if (driver === 'vfs') {
      assert.deepEqual([ofWritable, ofLayers], [null, null]);
      return;
    }
    assert.equal(ofWritable?.['MergedDir'], root);
    assert.deepEqual(readdirSync(ofWritable?.['UpperDir'] ?? ''), ['.mark']);
    assert.ok(existsSync(ofWritable?.['WorkDir'] ?? ''));
    const lower = (ofWritable?.['LowerDir'] ?? '').split(':');
    assert.deepEqual(
      lower.map((folder) => readdirSync(folder)),
      [['two'], ['one']],
    );
    assert.deepEqual(ofLayers, { UpperDir: lower[0], LowerDir: lower[1] });
  });

  test(`${driver}: a root that is mounted read-only shows its layers, keeps them, and stays while it is in use`, async () => {
    await using fixture = openFixture(driver);
    const base = await fixture.layer([dir('a/', 0o750), file('a/one'), file('gone')]);
    const top = await fixture.layer([file('.wh.gone', ''), file('new')], [base]);
    const lone = await fixture.layer([file('.wh.nothing', ''), file('alone')]);
    const shown = async (
      id: string,
      layers: Parameters<typeof fixture.snapshots.createWritable>[1],
    ): Promise<string> => {
      await fixture.snapshots.createWritable(id, layers);
      return fixture.snapshots.mount(id, { isReadOnly: true });
    };
    const two = await shown('two', [base, top]);
    assert.deepEqual(readdirSync(two).sort(), ['a', 'new']);
    assert.equal(lstatSync(join(two, 'a')).mode & 0o7777, 0o750);
    assert.deepEqual(readdirSync(await shown('one', [lone])), ['alone']);
    assert.deepEqual(readdirSync(await shown('none', [])), []);
    if (driver === 'overlay2') assert.throws(() => writeFileSync(join(two, 'x'), ''), { code: 'EROFS' });
    const [key] = fixture.snapshots.chain([lone]);
    assert.ok(key);
    await assert.rejects(fixture.snapshots.removeLayer(key), { kind: 'conflict' });
    {
      await using used = await fixture.snapshots.use('two', { isReadOnly: true });
      assert.equal(used.path, two);
      await fixture.snapshots.unmount('two');
      assert.ok(existsSync(join(two, 'new')), 'somebody looks at it');
    }
    if (driver === 'overlay2') assert.equal(existsSync(join(two, 'new')), false);
    for (const id of ['one', 'two', 'none']) await fixture.snapshots.removeWritable(id);
    await fixture.snapshots.removeLayer(key);
  });

  test(`${driver}: files keep owner, mode, setuid, time, xattrs, links and device nodes`, async () => {
    await using fixture = openFixture(driver);
    const layer = await fixture.layer([
      { name: './', type: 'directory', mode: 0o700, uid: 7, gid: 8 },
      dir('tmp/', 0o1777),
      { name: 'su', type: 'file', content: 'x', mode: 0o4755, uid: 3, gid: 4, mtime: 1_000_000_000 },
      { name: 'hard', type: 'link', target: 'su' },
      { name: 'soft', type: 'symlink', target: '/su' },
      { name: 'null', type: 'character', major: 1, minor: 3, mode: 0o666 },
      { name: 'pipe', type: 'fifo', mode: 0o600 },
      { name: 'capable', type: 'file', content: '', pax: { 'SCHILY.xattr.user.colour': 'blue' } },
    ]);
    await fixture.snapshots.createWritable('c', [layer]);
    const root = await fixture.snapshots.mount('c');
    const at = (name: string) => lstatSync(join(root, name));
    assert.deepEqual([at('').mode & 0o7777, at('').uid, at('').gid], [0o700, 7, 8]);
    assert.equal(at('tmp').mode & 0o7777, 0o1777);
    assert.deepEqual([at('su').mode & 0o7777, at('su').uid, at('su').gid, at('su').mtimeMs], [0o4755, 3, 4, 1e12]);
    assert.equal(at('hard').ino, at('su').ino);
    assert.ok(at('soft').isSymbolicLink() && at('null').isCharacterDevice() && at('pipe').isFIFO());
    assert.equal(at('null').rdev, 0x103);
    assert.equal(readFileSync(join(root, 'su'), 'utf8'), 'x');
  });

  test(`${driver}: gzip and zstd layers are read, and a wrong diffID is refused`, async () => {
    await using fixture = openFixture(driver);
    const one = await fixture.layer([file('gz')], [], gzipSync);
    const two = await fixture.layer([file('zst')], [one], zstdCompressSync);
    await fixture.snapshots.createWritable('c', [one, two]);
    assert.deepEqual(readdirSync(await fixture.snapshots.mount('c')).sort(), ['gz', 'zst']);
    const packed = gzipSync(tarArchive([file('x')]));
    writeFileSync(join(fixture.folder, 'bad'), packed);
    const source = { path: join(fixture.folder, 'bad'), digest: digestOf(packed) };
    const diffId = digestOf(Buffer.from('another'));
    await assert.rejects(fixture.snapshots.unpack({ diffId, parents: [] }, source, NEVER), { kind: 'invalid' });
    assert.equal(fixture.snapshots.layers().length, 2);
  });

  test(`${driver}: a layer without folder entries takes their attributes from below`, async () => {
    await using fixture = openFixture(driver);
    const base = await fixture.layer([
      dir('tmp/', 0o1777),
      { name: 'lib', type: 'symlink', target: 'usr/lib' },
      dir('usr/'),
      dir('usr/lib/'),
    ]);
    const middle = await fixture.layer([dir('other/')], [base]);
    const top = await fixture.layer([file('tmp/f')], [base, middle]);
    const linked = await fixture.layer([file('lib/so')], [base, middle]);
    await fixture.snapshots.createWritable('c', [base, middle, top]);
    assert.equal(statSync(join(await fixture.snapshots.mount('c'), 'tmp')).mode & 0o7777, 0o1777);
    await fixture.snapshots.createWritable('d', [base, middle, linked]);
    const root = await fixture.snapshots.mount('d');
    assert.ok(lstatSync(join(root, 'lib')).isSymbolicLink());
    assert.equal(readFileSync(join(root, 'usr/lib/so'), 'utf8'), 'lib/so');
  });

  test(`${driver}: a hard link to a file of a layer below is made there`, async () => {
    await using fixture = openFixture(driver);
    const base = await fixture.layer([file('original', 'content')]);
    const top = await fixture.layer([{ name: 'second', type: 'link', target: 'original' }], [base]);
    await fixture.snapshots.createWritable('c', [base, top]);
    assert.equal(readFileSync(join(await fixture.snapshots.mount('c'), 'second'), 'utf8'), 'content');
  });

  test(`${driver}: a file behind a symbolic link to a directory of a layer below is made there`, async () => {
    await using fixture = openFixture(driver);
    const base = await fixture.layer([dir('real/'), file('real/one', '1')]);
    for (const target of ['real', '/real', '../real']) {
      const link = `link${target.length}`;
      const entries = [{ name: link, type: 'symlink', target } as const, file(`${link}/two`, target)];
      const top = await fixture.layer(entries, [base]);
      await fixture.snapshots.createWritable(link, [base, top]);
      const root = await fixture.snapshots.mount(link);
      assert.deepEqual(readdirSync(join(root, 'real')), ['one', 'two']);
      assert.equal(readFileSync(join(root, 'real/two'), 'utf8'), target);
      assert.equal(readlinkSync(join(root, link)), target);
    }
    await assert.rejects(fixture.layer([{ name: 'l', type: 'symlink', target: 'gone' }, file('l/x')], [base]), {
      kind: 'invalid',
      message: /"l" is not a directory/,
    });
  });

  test(`${driver}: hostile archives are refused and leave nothing, in or out of the root`, async () => {
    await using fixture = openFixture(driver);
    const outside = join(tmpdir(), `gantry-escaped-${process.pid}-${driver}`);
    const up = '../'.repeat(12);
    const cases: Readonly<Record<string, readonly TarEntry[]>> = {
      'a name that climbs out': [file(`${up}${outside.slice(1)}`)],
      'a symlink out, then a file behind it': [
        { name: 'out', type: 'symlink', target: `${up}tmp` },
        file(`out/gantry-escaped-${process.pid}-${driver}`),
      ],
      'a hard link to a file outside': [{ name: 'pw', type: 'link', target: `${up}etc/passwd` }],
      'a hard link to itself': [{ name: 'self', type: 'link', target: 'self' }],
      'a name that is too long': [file(`${'x'.repeat(300)}`)],
      'a file where a folder is needed': [file('f'), file('f/below')],
      'a claimed size beyond the archive': [{ name: 'short', type: 'file', content: 'abc', size: 1 << 30 }],
      'an unknown kind of entry': [{ name: 'odd', type: 'file', typeFlag: 'Z', content: '' }],
    };
    for (const [what, entries] of Object.entries(cases)) {
      await assert.rejects(
        fixture.layer(entries),
        (error: Error & { kind?: string }) => {
          assert.ok(error.kind === 'invalid' || error.kind === 'tooLarge', `${what}: ${error.message}`);
          return true;
        },
        what,
      );
    }
    assert.equal(existsSync(outside), false);
    assert.deepEqual(fixture.snapshots.layers(), []);
  });

  test(`${driver}: absolute names are rooted, and links that lead out end inside`, async () => {
    await using fixture = openFixture(driver);
    const layer = await fixture.layer([
      file('/etc/thing'),
      { name: 'abs', type: 'symlink', target: '/etc' },
      file('abs/via'),
    ]);
    await fixture.snapshots.createWritable('c', [layer]);
    assert.deepEqual(readdirSync(join(await fixture.snapshots.mount('c'), 'etc')).sort(), ['thing', 'via']);
    assert.equal(existsSync('/etc/via'), false);
  });

  test(`${driver}: after a restart everything is known, and what was half made is gone`, async () => {
    await using fixture = openFixture(driver);
    const layer = await fixture.layer([file('f')]);
    await fixture.snapshots.createWritable('c', [layer]);
    const root = await fixture.snapshots.mount('c');
    writeFileSync(join(root, 'kept'), '1');
    mkdirSync(join(fixture.folder, 'snapshots/new/1-1/fs'), { recursive: true });
    mkdirSync(join(fixture.folder, 'snapshots/writables/half/fs'), { recursive: true });
    await fixture.reopen();
    assert.deepEqual(fixture.snapshots.writables(), ['c']);
    assert.equal(readFileSync(join(await fixture.snapshots.mount('c'), 'kept'), 'utf8'), '1');
    await assert.rejects(fixture.snapshots.removeLayer(fixture.snapshots.chain([layer])[0]!), { kind: 'conflict' });
    await fixture.snapshots.removeWritable('c');
    await fixture.snapshots.removeWritable('c');
    await fixture.snapshots.removeLayer(fixture.snapshots.chain([layer])[0]!);
    assert.throws(() => fixture.snapshots.chain([layer]), { kind: 'notFound' });
  });
}
