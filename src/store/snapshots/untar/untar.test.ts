import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tarArchive } from '../../../../tools/tar-writer.mjs';
import type { Digest } from '../../../base/ids.ts';
import { DEFAULT_TAR_LIMITS, type TarLimits } from '../../../io/index.ts';
import { getXattr, listXattrs, makeDevice } from '../../../linux/index.ts';
import type { UnpackedTree } from '../worker/tree-job.ts';
import { createTreePool } from '../worker/tree-pool.ts';
import { NeedsParents } from './untar-errors.ts';
import type { UntarMode } from './untar-options.ts';

const pool = createTreePool();
let base = '';
let serial = 0;
before(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-untar-')));
});
after(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(base, { recursive: true });
});

interface Options {
  readonly mode?: UntarMode;
  readonly target?: string;
  readonly limits?: Partial<TarLimits>;
  readonly diffId?: Digest;
  readonly signal?: AbortSignal;
}

function folder(): string {
  const path = join(base, `tree-${serial++}`);
  mkdirSync(path);
  return path;
}

/** Unpacks in a thread. Returns the folder with the result of the job. */
async function untar(
  archive: readonly TarEntry[] | Buffer,
  options: Options = {},
): Promise<UnpackedTree & { readonly at: string }> {
  const target = options.target ?? folder();
  const file = join(base, `archive-${serial++}`);
  writeFileSync(file, Buffer.isBuffer(archive) ? archive : tarArchive(archive));
  const limits = { ...DEFAULT_TAR_LIMITS, ...options.limits };
  const { mode = 'overlay', diffId } = options;
  return { ...(await pool.run({ kind: 'unpack', file, target, mode, diffId, limits }, options.signal)), at: target };
}

const dir = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({ name, type: 'directory', ...more });
const file = (name: string, content = name): TarEntry => ({ name, content });
const isWhiteout = (path: string): boolean => lstatSync(path).isCharacterDevice() && lstatSync(path).rdev === 0;

test('an entry that comes again replaces the one before, whatever kind both are', async () => {
  const kinds: readonly TarEntry[] = [
    file('x', 'first'),
    dir('x'),
    file('x/below'),
    { name: 'x', type: 'symlink', target: 'y' },
    { name: 'x', type: 'fifo' },
    { name: 'x', type: 'character', major: 1, minor: 3 },
    file('x', 'last'),
  ];
  const { at } = await untar(kinds);
  assert.equal(readFileSync(join(at, 'x'), 'utf8'), 'last');
  assert.deepEqual(readdirSync(at), ['x']);
});

test('a folder that comes again keeps its content and takes the new attributes', async () => {
  const { at } = await untar([
    dir('d', { mode: 0o700 }),
    file('d/f'),
    dir('d', { mode: 0o1777, uid: 5, gid: 6, mtime: 99 }),
  ]);
  assert.deepEqual(readdirSync(join(at, 'd')), ['f']);
  const { mode, uid, gid, mtimeMs } = lstatSync(join(at, 'd'));
  assert.deepEqual([mode & 0o7777, uid, gid, mtimeMs], [0o1777, 5, 6, 99_000]);
});

test('modes with setuid and setgid survive a change of owner, and files in a setgid folder have their own group', async () => {
  const { at } = await untar([
    dir('d', { mode: 0o2775, gid: 50 }),
    { name: 'd/su', content: 'x', mode: 0o6755, uid: 10, gid: 11 },
    { name: 'd/plain', content: 'x', mode: 0o604 },
    { name: 'd/link', type: 'symlink', target: 'plain' },
    dir('d/sub'),
  ]);
  assert.equal(lstatSync(join(at, 'd/su')).mode & 0o7777, 0o6755);
  assert.equal(lstatSync(join(at, 'd/plain')).mode & 0o7777, 0o604);
  for (const name of ['plain', 'link', 'sub']) assert.equal(lstatSync(join(at, 'd', name)).gid, 0, name);
  assert.equal(lstatSync(join(at, 'd')).mode & 0o7777, 0o2775);
});

test('capabilities stay on a file whose owner is changed, and an archive cannot steer overlayfs', async () => {
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  const { at } = await untar([
    {
      name: 'ping',
      content: 'x',
      uid: 7,
      mode: 0o755,
      pax: {
        'SCHILY.xattr.security.capability': capability,
        'SCHILY.xattr.trusted.overlay.redirect': '/etc',
        'SCHILY.xattr.trusted.overlay.metacopy': '',
        'SCHILY.xattr.user.overlay.opaque': 'y',
        'SCHILY.xattr.user.note': 'kept',
      },
    },
  ]);
  assert.deepEqual(getXattr(join(at, 'ping'), 'security.capability'), capability);
  assert.deepEqual(listXattrs(join(at, 'ping')).sort(), ['security.capability', 'user.note']);
});

test('names and targets that are not UTF-8 arrive byte by byte', async () => {
  const archive = tarArchive([file('name-?'), { name: 'link', type: 'symlink', target: 'to-?' }]);
  for (let at = archive.indexOf('-?'); at >= 0; at = archive.indexOf('-?')) {
    const block = Math.floor(at / 512) * 512;
    archive[at + 1] = 0xe9;
    archive.write('        ', block + 148, 'latin1');
    const sum = archive.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
    archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, block + 148, 'latin1');
  }
  const { at } = await untar(archive);
  assert.deepEqual(readdirSync(at, 'latin1').sort(), ['link', 'name-\xe9']);
  assert.equal(readlinkSync(join(at, 'link'), 'latin1'), 'to-\xe9');
});

test('a whiteout and a folder of the same name hide what lies below, in either order', async () => {
  for (const entries of [
    [file('.wh.d', ''), dir('d'), file('d/new')],
    [dir('d'), file('d/new'), file('.wh.d', '')],
  ]) {
    const { at } = await untar(entries);
    assert.equal(getXattr(join(at, 'd'), 'trusted.overlay.opaque')?.toString(), 'y');
    assert.deepEqual(readdirSync(join(at, 'd')), ['new']);
  }
  const { at } = await untar([file('f', 'mine'), file('.wh.f', ''), file('.wh.gone', ''), file('.wh..wh.plnk', '')]);
  assert.equal(readFileSync(join(at, 'f'), 'utf8'), 'mine', 'a whiteout hides what lies below, not the layer’s own');
  assert.ok(isWhiteout(join(at, 'gone')));
  assert.deepEqual(readdirSync(at).sort(), ['f', 'gone']);
});

test('merged: what is whited out is removed, what the same archive brought stays', async () => {
  const { at } = await untar([
    dir('d'),
    file('d/old'),
    dir('d/sub'),
    file('d/sub/old'),
    file('gone'),
    dir('tree'),
    file('tree/x'),
  ]);
  await untar(
    [
      dir('d'),
      file('d/new'),
      dir('d/sub'),
      file('d/sub/new'),
      file('d/.wh..wh..opq', ''),
      file('.wh.gone', ''),
      file('.wh.tree', ''),
    ],
    { mode: 'merged', target: at },
  );
  assert.deepEqual(readdirSync(at), ['d']);
  assert.deepEqual(readdirSync(join(at, 'd')).sort(), ['new', 'sub']);
  assert.deepEqual(readdirSync(join(at, 'd/sub')), ['new']);
});

test('folders that the archive only implies are told, those it describes later are not', async () => {
  assert.deepEqual((await untar([file('a/b/c'), file('top')])).implied.toSorted(), ['a', 'a/b']);
  assert.deepEqual((await untar([file('a/b/c'), dir('a/b'), dir('a', { mode: 0o750 })])).implied, []);
});

test('the root’s own entry is told and applied', async () => {
  const { at, root } = await untar([dir('./', { mode: 0o1770, uid: 3, gid: 4 }), file('./f')]);
  assert.deepEqual(root, { mode: 0o1770, uid: 3, gid: 4 });
  assert.equal(lstatSync(at).mode & 0o7777, 0o1770);
});

test('device nodes keep their numbers, and those that no kernel has are refused', async () => {
  const { at } = await untar([{ name: 'sda1', type: 'block', major: 8, minor: 1, mode: 0o660 }]);
  assert.equal(lstatSync(join(at, 'sda1')).rdev, makeDevice(8, 1));
  await assert.rejects(untar([{ name: 'x', type: 'character', major: 5000, minor: 1 }]), {
    kind: 'invalid',
    message: /device number/,
  });
});

const up = '../'.repeat(20);
const escapee = `gantry-escape-${process.pid}`;
const HOSTILE: Readonly<Record<string, readonly TarEntry[]>> = {
  'a name that climbs out': [file(`${up}tmp/${escapee}`)],
  'a name that climbs out in the middle': [dir('a'), file(`a/../../tmp/${escapee}`)],
  'an absolute name that climbs out': [file(`/../tmp/${escapee}`)],
  'a name of two dots': [dir('..')],
  'a pax name that climbs out': [{ name: 'x', content: 'x', pax: { path: `${up}tmp/${escapee}` } }],
  'a symlink to nothing': [{ name: 'empty', type: 'symlink', target: '' }],
  'a file through a symlink loop': [
    { name: 'a', type: 'symlink', target: 'b' },
    { name: 'b', type: 'symlink', target: 'a' },
    file(`a/${escapee}`),
  ],
  'a hard link that climbs out': [{ name: 'pw', type: 'link', target: `${up}etc/passwd` }],
  'a hard link to the root': [{ name: 'pw', type: 'link', target: '/' }],
  'a hard link to a folder': [dir('d'), { name: 'pw', type: 'link', target: 'd' }],
  'a file below a file': [file('f'), file('f/below')],
  'a file as the root': [file('./')],
  'a symlink as the root': [{ name: '.', type: 'symlink', target: '/etc' }],
  'a whiteout of the parent': [dir('d'), file('d/.wh...', '')],
  'a whiteout of itself': [dir('d'), file('d/.wh..', '')],
  'a whiteout without a name': [file('.wh.', '')],
  'a component longer than the file system takes': [file('x'.repeat(256))],
  'an attribute larger than the kernel takes': [
    { name: 'f', content: '', pax: { 'SCHILY.xattr.user.x': 'x'.repeat(70_000) } },
  ],
};

test('a file through a symlink to a folder that the archive does not have needs the layers below', async () => {
  const entries = [{ name: 'out', type: 'symlink', target: '/nowhere' } as const, file(`out/${escapee}`)];
  await assert.rejects(untar(entries, { mode: 'overlay' }), NeedsParents);
  for (const mode of ['merged', 'plain'] as const)
    await assert.rejects(untar(entries, { mode }), { kind: 'invalid', message: /"out" is not a directory/ }, mode);
});

for (const [what, entries] of Object.entries(HOSTILE)) {
  test(`refused: ${what}`, async () => {
    for (const mode of ['overlay', 'merged'] as const) {
      await assert.rejects(untar(entries, { mode }), { kind: /^(?:invalid|tooLarge)$/ }, mode);
    }
    assert.equal(existsSync(join('/tmp', escapee)), false);
  });
}

test('a symlink whose text climbs out leads to the root, as for the processes of a container', async () => {
  for (const mode of ['overlay', 'merged'] as const) {
    const { at } = await untar(
      [dir('tmp'), { name: 'out', type: 'symlink', target: `${up}tmp` }, file(`out/${escapee}`)],
      { mode },
    );
    assert.equal(readlinkSync(join(at, 'out')), `${up}tmp`);
    assert.ok(existsSync(join(at, 'tmp', escapee)));
    assert.equal(existsSync(join('/tmp', escapee)), false);
  }
});

test('files behind absolute symlinks, and hard links to absolute names, stay inside', async () => {
  const { at } = await untar([
    dir('tmp'),
    dir('etc'),
    file('/etc/passwd', 'inside'),
    { name: 'out', type: 'symlink', target: '/tmp' },
    file(`out/${escapee}`),
    { name: 'pw', type: 'link', target: '/etc/passwd' },
    { name: 'proc', type: 'symlink', target: '/proc/self/root' },
  ]);
  assert.ok(existsSync(join(at, 'tmp', escapee)));
  assert.equal(existsSync(join('/tmp', escapee)), false);
  assert.equal(readFileSync(join(at, 'pw'), 'utf8'), 'inside');
});

test('a hard link to what the archive does not hold asks for the layers below', async () => {
  await assert.rejects(untar([{ name: 'a', type: 'link', target: 'below' }]), { message: /no such file/ });
});

test('merged: symlinks and nodes that wait in the layers below are replaced, never written through', async () => {
  const victim = folder();
  writeFileSync(join(victim, 'keep'), 'kept');
  const { at } = await untar([
    { name: 'file', type: 'symlink', target: join(victim, 'keep') },
    { name: 'null', type: 'character', major: 1, minor: 3 },
    { name: 'dir', type: 'symlink', target: victim },
  ]);
  await untar([file('file', 'new'), file('null', 'new'), dir('dir'), file('dir/f')], { mode: 'merged', target: at });
  assert.equal(readFileSync(join(victim, 'keep'), 'utf8'), 'kept');
  assert.deepEqual(readdirSync(victim), ['keep']);
  assert.ok(lstatSync(join(at, 'file')).isFile() && lstatSync(join(at, 'null')).isFile());
  assert.deepEqual(readdirSync(join(at, 'dir')), ['f']);
});

test('after an archive is refused the thread works on, from the machine’s own root', async () => {
  await assert.rejects(untar([file(`${up}x`)]));
  await assert.rejects(untar(Buffer.from('no tar'.repeat(200))), { kind: 'invalid' });
  const { at } = await untar([file('fine')]);
  assert.equal(readFileSync(join(at, 'fine'), 'utf8'), 'fine');
});

test('compressed archives: broken, cut and oversized ones are refused', async () => {
  const tar = tarArchive([file('f', randomBytes(200_000).toString('hex'))]);
  const packed = gzipSync(tar);
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}` as Digest;
  assert.equal((await untar(packed, { diffId })).sizeBytes, 400_000);
  await assert.rejects(untar(packed.subarray(0, -100), { diffId }), { kind: 'invalid' });
  await assert.rejects(
    untar(Buffer.concat([packed.subarray(0, 50_000), randomBytes(1000), packed.subarray(51_000)]), { diffId }),
    {
      kind: 'invalid',
    },
  );
  await assert.rejects(untar(packed, { diffId: `sha256:${'0'.repeat(64)}` as Digest }), {
    kind: 'invalid',
    message: /digest/,
  });
  await assert.rejects(untar(packed, { limits: { maxTotalBytes: 300_000 } }), { kind: 'tooLarge' });
});

test('a bomb ends at the limit, whether it hides in a file or behind the archive', async () => {
  const zeros = Buffer.alloc(20_000_000);
  const inside = gzipSync(tarArchive([{ name: 'zeros', content: zeros }]));
  const behind = gzipSync(Buffer.concat([tarArchive([file('f')]), zeros]));
  assert.ok(inside.length < 30_000 && behind.length < 30_000);
  await assert.rejects(untar(inside, { limits: { maxTotalBytes: 10_000_000 } }), { kind: 'tooLarge' });
  await assert.rejects(untar(inside, { limits: { maxArchiveBytes: 10_000_000 } }), { kind: 'tooLarge' });
  await assert.rejects(untar(behind, { limits: { maxArchiveBytes: 10_000_000 } }), { kind: 'tooLarge' });
});

test('a signal ends it', async () => {
  const abort = new AbortController();
  const running = untar([file('f', 'x'.repeat(30_000_000))], { signal: abort.signal });
  abort.abort();
  await assert.rejects(running, { kind: 'cancelled' });
  await assert.rejects(untar([file('f')], { signal: abort.signal }), { kind: 'cancelled' });
});
