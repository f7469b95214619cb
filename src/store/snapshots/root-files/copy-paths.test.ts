import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { tarArchive } from '../../../../test/support/busybox-image.ts';
import { makeFullDisk } from '../../../../test/support/full-disk.ts';
import { getXattr, makeNode, S_IF, setXattr } from '../../../linux/index.ts';
import { createStreamThreads } from '../streams/stream-threads.ts';
import { createTreePool } from '../worker/tree-pool.ts';
import type { CopyRequest } from './copy-request.ts';
import { openRootFiles } from './open-root-files.ts';
import type { RootFiles } from './root-files.ts';

const never = new AbortController().signal;

interface Roots {
  readonly files: RootFiles;
  readonly folder: string;
  readonly target: string;
  /** Paths in the source and in the target. */
  readonly from: (path: string) => string;
  readonly to: (path: string) => string;
  readonly copy: (path: string, to: string, more?: Partial<CopyRequest> & { readonly wild?: boolean }) => Promise<void>;
}

function openRoots(t: TestContext): Roots {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-copy-')));
  const [pool, streams] = [createTreePool(), createStreamThreads()];
  t.after(async () => {
    await Promise.all([pool[Symbol.asyncDispose](), streams[Symbol.asyncDispose]()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const [source, target] = [join(folder, 'source'), join(folder, 'target')];
  for (const root of [source, target]) mkdirSync(root);
  const files = openRootFiles({ pool, streams });
  return {
    ...{ files, folder, target },
    from: (path) => join(source, path),
    to: (path) => join(target, path),
    copy: (path, to, { wild = false, ...more } = {}) =>
      files.copy({ source, target, from: { path, hasWildcards: wild }, to, makesParents: true, ...more }, never),
  };
}

const mode = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

/** Every path below a folder. */
const tree = (folder: string): string[] => (readdirSync(folder, { recursive: true }) as string[]).sort();

function fill({ from }: Roots): void {
  mkdirSync(from('d/sub/deep'), { recursive: true });
  chmodSync(from('d/sub'), 0o750);
  writeFileSync(from('d/a.txt'), 'a');
  writeFileSync(from('d/b.md'), 'b');
  writeFileSync(from('d/sub/c.txt'), 'c');
  writeFileSync(from('d/sub/deep/e.txt'), 'e');
  writeFileSync(from('lone'), 'lone');
}

test('a file goes to a path, or into a directory by its name', async (t) => {
  const roots = openRoots(t);
  const { copy, to } = roots;
  fill(roots);
  await copy('lone', '/new/dir/name');
  assert.deepEqual([readFileSync(to('new/dir/name'), 'utf8'), mode(to('new/dir'))], ['lone', '755']);
  await copy('/lone', 'new/');
  await copy('lone', '/new/dir');
  await copy('lone', '/other/.');
  for (const path of ['new/lone', 'new/dir/lone', 'other/lone']) assert.ok(lstatSync(to(path)).isFile(), path);
  await copy('d/a.txt', '/new/lone');
  assert.equal(readFileSync(to('new/lone'), 'utf8'), 'a', 'replaced');
  await assert.rejects(copy('lone', '/absent/x', { makesParents: false }), { kind: 'notFound' });
  await assert.rejects(copy('missing', '/x'), { kind: 'notFound', message: '"/missing": not found' });
  await assert.rejects(copy('lone', '/new/lone/below'), { kind: 'invalid' });
});

test('a directory goes as its content or as itself, and merges with what is there', async (t) => {
  const roots = openRoots(t);
  const { copy, from, to } = roots;
  fill(roots);
  chmodSync(from('d'), 0o711);
  await copy('d', '/made', { copiesContent: true });
  assert.deepEqual(tree(to('made')), tree(from('d')));
  assert.deepEqual([mode(to('made')), mode(to('made/sub'))], ['711', '750']);
  mkdirSync(to('there/sub'), { recursive: true });
  writeFileSync(to('there/sub/own'), '');
  await copy('d', '/there/', { copiesContent: true });
  assert.equal(mode(to('there')), '755', 'a place that was there keeps its mode');
  assert.equal(mode(to('there/sub')), '750');
  assert.ok(existsSync(to('there/sub/own')) && existsSync(to('there/sub/c.txt')));
  await copy('d', '/there');
  assert.deepEqual(tree(to('there/d')), tree(from('d')));
  await copy('/', '/all', { copiesContent: true });
  assert.deepEqual(tree(to('all')), tree(from('')));
});

test('owners, modes and times are kept or given', async (t) => {
  const roots = openRoots(t);
  const { copy, from, to } = roots;
  fill(roots);
  chownSync(from('d/a.txt'), 3, 4);
  chmodSync(from('d/a.txt'), 0o4755);
  utimesSync(from('d/a.txt'), 1000, 1000);
  utimesSync(from('d/sub'), 2000, 2000);
  setXattr(from('d/a.txt'), 'user.colour', Buffer.from('blue'));
  await copy('d', '/kept', { copiesContent: true });
  const kept = lstatSync(to('kept/a.txt'));
  assert.deepEqual([kept.uid, kept.gid, mode(to('kept/a.txt')), kept.mtimeMs], [3, 4, '4755', 1_000_000]);
  assert.equal(getXattr(to('kept/a.txt'), 'user.colour')?.toString(), 'blue');
  assert.equal(lstatSync(to('kept/sub')).mtimeMs, 2_000_000);

  const owner = { uid: 7, gid: 8 };
  await copy('d', '/p/q/given', { copiesContent: true, owner, mode: 'u=rwX,go=', timeSeconds: 77 });
  for (const path of ['p', 'p/q', ...tree(to('p/q/given')).map((name) => `p/q/given/${name}`)]) {
    const { uid, gid, mtimeMs } = lstatSync(to(path));
    assert.deepEqual([uid, gid, mtimeMs], [7, 8, 77_000], path);
  }
  assert.deepEqual([mode(to('p')), mode(to('p/q/given/sub')), mode(to('p/q/given/b.md'))], ['755', '700', '600']);
  await copy('d/a.txt', '/set', { mode: '0640' });
  assert.equal(mode(to('set')), '640');
  // Recorded from BuildKit: an octal mode is that of the directories above too, a change is not that of the place.
  await copy('d/a.txt', '/octal/deep/f', { mode: '600' });
  assert.deepEqual([mode(to('octal')), mode(to('octal/deep')), mode(to('octal/deep/f'))], ['600', '600', '600']);
  await copy('d', '/less/d', { copiesContent: true, mode: 'a-x' });
  assert.deepEqual([mode(to('less')), mode(to('less/d')), mode(to('less/d/b.md'))], ['755', '755', '644']);
  await assert.rejects(copy('d/a.txt', '/set', { mode: 'u+y' }), { kind: 'invalid' });
});

test('files lose set-user-ID bits on demand, as by chown; directories keep theirs', async (t) => {
  const { from, to, copy } = openRoots(t);
  mkdirSync(from('d'));
  const modes = { user: 0o4755, group: 0o2755, both: 0o6750, lock: 0o2744 } as const;
  for (const [name, mode] of Object.entries(modes)) {
    writeFileSync(from(`d/${name}`), name);
    chmodSync(from(`d/${name}`), mode);
  }
  chmodSync(from('d'), 0o2755);
  const modeOf = (path: string): number => statSync(to(path)).mode & 0o7777;
  await copy('d', '/kept');
  assert.deepEqual([modeOf('kept/user'), modeOf('kept/group')], [0o4755, 0o2755]);
  await copy('d', '/dropped', { dropsSetIds: true });
  assert.deepEqual(
    Object.keys(modes).map((name) => modeOf(`dropped/${name}`)),
    [0o755, 0o755, 0o750, 0o2744],
  );
  assert.equal(modeOf('dropped'), 0o2755);
});

test('a selection is listed by names, with the kind of each', async (t) => {
  const { files, folder, from } = openRoots(t);
  mkdirSync(from('ab'));
  writeFileSync(from('ac'), '');
  symlinkSync('ab', from('ad'));
  const list = await files.list(join(folder, 'source'), { path: 'a*', hasWildcards: true, followsLink: true }, never);
  assert.deepEqual(
    list.map(({ path, isDirectory }) => [path, isDirectory]),
    [
      ['ab', true],
      ['ac', false],
      ['ad', true],
    ],
  );
  assert.deepEqual(await files.list(join(folder, 'source'), { path: 'z*', hasWildcards: true }, never), []);
});

test('hard links, holes, links and device nodes are copied as what they are', async (t) => {
  const roots = openRoots(t);
  const { copy, from, to } = roots;
  fill(roots);
  linkSync(from('d/a.txt'), from('d/sub/hard'));
  linkSync(from('d/a.txt'), from('lone-link'));
  symlinkSync('/etc/passwd', from('d/link'));
  makeNode(from('d/null'), S_IF.CHR | 0o666, 0x103);
  makeNode(from('d/white'), S_IF.CHR, 0);
  makeNode(from('d/fifo'), S_IF.IFO | 0o600);
  const sparse = openSync(from('d/sparse'), 'w');
  ftruncateSync(sparse, 1 << 30);
  writeSync(sparse, 'end', (1 << 30) - 3);
  closeSync(sparse);
  await copy('nothing*', '/x', { wild: true, mayBeEmpty: true });
  assert.deepEqual(tree(to('')), []);
  await copy('[dl]*', '/x/', { wild: true });
  assert.equal(lstatSync(to('x/d/a.txt')).nlink, 3, 'also among several selected paths');
  assert.equal(lstatSync(to('x/d/sub/hard')).ino, lstatSync(to('x/lone-link')).ino);
  assert.equal(readlinkSync(to('x/d/link')), '/etc/passwd');
  assert.deepEqual([lstatSync(to('x/d/null')).rdev, lstatSync(to('x/d/white')).rdev], [0x103, 0]);
  assert.ok(lstatSync(to('x/d/white')).isCharacterDevice() && lstatSync(to('x/d/fifo')).isFIFO());
  const { size, blocks } = statSync(to('x/d/sparse'));
  assert.ok(size === 1 << 30 && blocks < 1000);
});

test('wildcards, patterns and parents select what is copied and where it goes', async (t) => {
  const roots = openRoots(t);
  const { copy, from, to, files, target } = roots;
  fill(roots);
  await copy('d/*', '/wild/', { wild: true, copiesContent: true });
  assert.deepEqual(tree(to('wild')), ['a.txt', 'b.md', 'c.txt', 'deep', 'deep/e.txt']);
  await assert.rejects(copy('d/*.none', '/wild/', { wild: true }), {
    kind: 'notFound',
    message: '"/d/*.none": not found',
  });
  const filtered = (to: string, patterns: { include?: string[]; exclude?: string[] }): Promise<void> =>
    files.copy(
      { source: from(''), target, from: { path: 'd', ...patterns }, to, copiesContent: true, makesParents: true },
      never,
    );
  await filtered('/no-text', { exclude: ['**/*.txt', '!sub/deep/*'] });
  assert.deepEqual(tree(to('no-text')), ['b.md', 'sub', 'sub/deep', 'sub/deep/e.txt']);
  await filtered('/only', { include: ['sub/deep'] });
  assert.deepEqual(tree(to('only')), ['sub', 'sub/deep', 'sub/deep/e.txt']);
  assert.equal(mode(to('only/sub')), '750');
  await copy('d/*.txt', '/none', { wild: true, from: { path: 'd/*.txt', hasWildcards: true, exclude: ['*.txt'] } });
  assert.ok(!existsSync(to('none')));

  utimesSync(from('d/sub'), 5, 5);
  await copy('d/sub/deep/e.txt', '/parents', { keepsParents: true });
  assert.deepEqual(tree(to('parents')), ['d', 'd/sub', 'd/sub/deep', 'd/sub/deep/e.txt']);
  assert.deepEqual([mode(to('parents/d/sub')), lstatSync(to('parents/d/sub')).mtimeMs], ['750', 5000]);
  await copy('d/./sub/*', '/pivot', { keepsParents: true, wild: true });
  assert.deepEqual(tree(to('pivot')), ['sub', 'sub/c.txt', 'sub/deep', 'sub/deep/e.txt']);
  writeFileSync(to('pivot/d'), '');
  await assert.rejects(copy('d/a.txt', '/pivot', { keepsParents: true }), {
    kind: 'invalid',
    message: 'cannot copy to non-directory: /pivot/d',
  });
});

test('a file and a directory replace each other only on demand', async (t) => {
  const roots = openRoots(t);
  const { copy, to } = roots;
  fill(roots);
  mkdirSync(to('x/sub/c.txt'), { recursive: true });
  writeFileSync(to('x/sub/c.txt/kept'), '');
  writeFileSync(to('file'), '');
  const content = { copiesContent: true };
  await assert.rejects(copy('d', '/x', content), {
    kind: 'invalid',
    message: 'cannot replace to directory /x/sub/c.txt with file',
  });
  await assert.rejects(copy('d', '/file', content), {
    kind: 'invalid',
    message: 'cannot copy to non-directory: /file',
  });
  assert.ok(existsSync(to('x/sub/c.txt/kept')));
  await copy('d', '/x', { ...content, replacesKinds: true });
  await copy('d', '/file', { ...content, replacesKinds: true });
  assert.ok(lstatSync(to('x/sub/c.txt')).isFile() && lstatSync(to('file')).isDirectory());
});

test('no link and no name leads out of either root', async (t) => {
  const roots = openRoots(t);
  const { copy, folder, from, to, files, target } = roots;
  fill(roots);
  writeFileSync(join(folder, 'secret'), 'secret');
  mkdirSync(join(folder, 'outside'));
  symlinkSync('../../../../secret', from('up'));
  symlinkSync(join(folder, 'secret'), from('host'));
  symlinkSync('/d', from('dir'));
  const follow = (path: string, place: string): Promise<void> =>
    files.copy(
      {
        source: from(''),
        target,
        from: { path, followsLink: true },
        to: place,
        copiesContent: true,
        makesParents: true,
      },
      never,
    );
  for (const path of ['../secret', '/../../secret']) await assert.rejects(copy(path, '/x'), { kind: 'notFound' });
  for (const path of ['up', 'host']) await assert.rejects(follow(path, '/x'), { kind: 'notFound' });
  await follow('dir', '/x');
  assert.deepEqual(tree(to('x')), tree(from('d')));
  await copy('host', '/as-link');
  assert.ok(lstatSync(to('as-link')).isSymbolicLink());

  symlinkSync(join(folder, 'outside'), to('out'));
  symlinkSync('../../../outside', to('relative'));
  symlinkSync('/real', to('inside'));
  await copy('lone', '/out/file');
  await copy('lone', '/relative/file');
  await copy('lone', '/../../../top');
  await copy('lone', '/inside/file');
  assert.deepEqual(readdirSync(join(folder, 'outside')), []);
  assert.ok(existsSync(to('real/file')) && existsSync(to('top')) && existsSync(to('outside/file')));
  mkdirSync(to('merged'));
  symlinkSync(join(folder, 'outside'), to('merged/sub'));
  await assert.rejects(copy('d', '/merged', { copiesContent: true }), {
    message: 'cannot copy to non-directory: /merged/sub',
  });
  assert.deepEqual(readdirSync(join(folder, 'outside')), []);
});

test('archives are unpacked, other files copied', async (t) => {
  const roots = openRoots(t);
  const { from, to, files, target } = roots;
  const tar = tarArchive([
    { name: 'dir/', type: 'directory', mode: 0o750 },
    { name: 'dir/f', content: 'f', uid: 5, gid: 6 },
    { name: '.wh.plain', content: '' },
    { name: '/etc/absolute', content: '' },
  ]);
  writeFileSync(from('a.tar'), tar);
  writeFileSync(from('a.tar.gz'), gzipSync(tar));
  writeFileSync(from('a.tar.zst'), zstdCompressSync(tar));
  execFileSync('xz', ['--keep', from('a.tar')]);
  execFileSync('bzip2', ['--keep', from('a.tar')]);
  writeFileSync(from('not.tar'), 'x'.repeat(2000));
  writeFileSync(from('not.gz'), Buffer.concat([gzipSync('text')]));
  writeFileSync(from('broken.gz'), gzipSync(tar).subarray(0, 40));
  writeFileSync(from('short'), 'x');
  mkdirSync(from('folder'));
  const add = (path: string, place: string, more: Partial<CopyRequest> = {}): Promise<void> =>
    files.unpack(
      { source: from(''), target, from: { path, hasWildcards: true }, to: place, makesParents: true, ...more },
      never,
    );
  for (const end of ['', '.gz', '.zst', '.xz', '.bz2']) {
    await add(`a.tar${end}`, `/un${end}`);
    assert.deepEqual(tree(to(`un${end}`)), ['.wh.plain', 'dir', 'dir/f', 'etc', 'etc/absolute'], end);
    assert.deepEqual([lstatSync(to(`un${end}/dir/f`)).uid, mode(to(`un${end}/dir`))], [5, '750']);
  }
  await add('a.tar', '/owned/below', { owner: { uid: 1, gid: 2 } });
  assert.deepEqual([lstatSync(to('owned/below/dir/f')).gid, lstatSync(to('owned')).uid], [2, 1]);
  await add('[nbsf]*', '/plain/');
  assert.deepEqual(tree(to('plain')), ['broken.gz', 'folder', 'not.gz', 'not.tar', 'short']);
  await assert.rejects(add('none*', '/plain/'), { kind: 'notFound' });
  writeFileSync(from('cut.tar'), tarArchive([{ name: 'f', content: 'f'.repeat(5000) }]).subarray(0, 1024));
  await assert.rejects(add('cut.tar', '/cut'), { kind: 'invalid' });
});

test('directories and files are made, and paths removed, within the root', async (t) => {
  const roots = openRoots(t);
  const { files, folder, target: root, to } = roots;
  const bytes = Buffer.from('content');
  await files.makeDirectory(
    { root, path: '/a/b', mode: 0o711, owner: { uid: 1, gid: 2 }, makesParents: true, timeSeconds: 9 },
    never,
  );
  for (const path of ['a', 'a/b']) {
    const { uid, gid, mtimeMs } = lstatSync(to(path));
    assert.deepEqual([uid, gid, mtimeMs, mode(to(path))], [1, 2, 9000, '711']);
  }
  await files.makeDirectory({ root, path: 'a', mode: 0o700 }, never);
  assert.equal(mode(to('a')), '711', 'it was there');
  await assert.rejects(files.makeDirectory({ root, path: 'x/y', mode: 0o700 }, never), { kind: 'notFound' });
  await files.makeFile({ root, path: 'a/f', bytes, mode: 0o4640, owner: { uid: 3, gid: 4 }, timeSeconds: 9 }, never);
  const made = lstatSync(to('a/f'));
  assert.deepEqual(
    [readFileSync(to('a/f'), 'utf8'), made.uid, made.mtimeMs, mode(to('a/f'))],
    ['content', 3, 9000, '4640'],
  );
  symlinkSync('/a/f', to('link'));
  await files.makeFile({ root, path: 'link', bytes: Buffer.from('short'), mode: 0o600 }, never);
  assert.equal(readFileSync(to('a/f'), 'utf8'), 'short');
  makeNode(to('fifo'), S_IF.IFO | 0o600);
  for (const path of ['fifo', 'a', '/']) {
    await assert.rejects(files.makeFile({ root, path, bytes, mode: 0o600 }, never), { kind: 'invalid' });
  }
  symlinkSync(join(folder, 'outside'), to('out'));
  await assert.rejects(files.makeFile({ root, path: 'out/f', bytes, mode: 0o600 }, never), { kind: 'notFound' });

  await files.remove({ root, path: 'link' }, never);
  assert.ok(!existsSync(to('link')) && existsSync(to('a/f')));
  await files.remove({ root, path: '/a*', hasWildcards: true }, never);
  await files.remove({ root, path: '/a*', hasWildcards: true }, never);
  assert.ok(!existsSync(to('a')));
  await assert.rejects(files.remove({ root, path: 'a' }, never), { kind: 'notFound' });
  await files.remove({ root, path: 'a', mayBeMissing: true }, never);
  await assert.rejects(files.remove({ root, path: '/' }, never), { kind: 'invalid' });
});

test('a copy ends when it is cancelled, and on a full disk', async (t) => {
  const roots = openRoots(t);
  const { copy, files, from, target } = roots;
  fill(roots);
  const cancelled = files.copy({ source: from(''), target, from: { path: 'd' }, to: '/x' }, AbortSignal.abort());
  await assert.rejects(cancelled, { kind: 'cancelled' });
  await copy('lone', '/x');
  using disk = makeFullDisk(8);
  disk.fill();
  const request = { source: from(''), target: disk.path, from: { path: 'd' }, to: '/x/', makesParents: true };
  await assert.rejects(files.copy(request, never), { kind: 'noSpace', message: 'no space left on device' });
});
