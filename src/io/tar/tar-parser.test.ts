import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarArchive, tarEntry } from '../../../tools/tar-writer.mjs';
import type { TarEntry } from './entry.ts';
import { DEFAULT_TAR_LIMITS, type TarLimits } from './limits.ts';
import { TarParser } from './tar-parser.ts';

type Found = TarEntry & { readonly content: Buffer };

/** Parses in chunks of a size, which must not affect the result. */
function parse(archive: Buffer, chunkBytes = archive.length, limits: Partial<TarLimits> = {}): Found[] {
  const found: Found[] = [];
  let entry: TarEntry | undefined;
  let parts: Buffer[] = [];
  const sink = {
    entry(started: TarEntry): void {
      assert.equal(entry, undefined, 'an entry starts after the one before has ended');
      entry = started;
      parts = [];
    },
    data: (chunk: Buffer): void => void parts.push(Buffer.from(chunk)),
    end(): void {
      assert.ok(entry !== undefined);
      found.push({ ...entry, content: Buffer.concat(parts) });
      entry = undefined;
    },
  };
  const parser = new TarParser(sink, { ...DEFAULT_TAR_LIMITS, ...limits });
  for (let at = 0; at < archive.length; at += chunkBytes) parser.write(archive.subarray(at, at + chunkBytes));
  parser.finish();
  assert.equal(entry, undefined);
  return found;
}

/** One header block with a change, and a corrected checksum. */
function header(change: (block: Buffer) => void): Buffer {
  const block = Buffer.from(tarEntry({ name: 'file', content: '' }).subarray(0, 512));
  change(block);
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

const END = Buffer.alloc(1024);

test('GNU tar in each of its formats, cut into chunks of any size, gives the same entries', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tar-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = join(folder, 'root');
  const long = `${'long-directory-name-'.repeat(4)}/${'long-file-name-'.repeat(5)}`;
  mkdirSync(join(root, long, '..'), { recursive: true });
  writeFileSync(join(root, long), 'x'.repeat(1000));
  writeFileSync(join(root, 'empty'), '');
  symlinkSync('../some/where', join(root, 'link'));
  for (const format of ['v7', 'ustar', 'oldgnu', 'gnu', 'posix']) {
    // v7 has no space for a long name.
    const names = format === 'v7' ? ['empty', 'link'] : ['empty', 'link', long];
    const archive = execFileSync(
      'tar',
      ['-c', `--format=${format}`, '--owner=u:7', '--group=g:8', '--mtime=@1234567890.5', ...names],
      { cwd: root },
    );
    const found = parse(archive);
    assert.deepEqual(
      found.map(({ name }) => name),
      names,
      format,
    );
    assert.deepEqual(
      found.map(({ type }) => type),
      ['file', 'symlink', 'file'].slice(0, names.length),
      format,
    );
    assert.equal(found[1]?.linkName, '../some/where');
    assert.ok(
      found.every(({ uid, gid, mtimeSeconds }) => uid === 7 && gid === 8 && mtimeSeconds === 1234567890),
      format,
    );
    assert.equal(found[0]?.mtimeNanos, format === 'posix' ? 500_000_000 : 0);
    if (names.length > 2) assert.equal(found[2]?.content.toString(), 'x'.repeat(1000));
    for (const size of [1, 511, 512, 513, 700]) assert.deepEqual(parse(archive, size), found, `${format} by ${size}`);
  }
});

test('sparse files of all four kinds give their regions and data', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tar-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = openSync(join(folder, 'sparse'), 'w');
  // More regions than the header and one block of the old format hold.
  const offsets = Array.from({ length: 60 }, (_, index) => index * 2 ** 20);
  for (const offset of offsets) writeSync(file, `region at ${offset}`, offset);
  ftruncateSync(file, 100_000_000);
  closeSync(file);
  const kinds = [
    ['--format=gnu'],
    ...['0.0', '0.1', '1.0'].map((version) => ['--format=posix', `--sparse-version=${version}`]),
  ];
  for (const flags of kinds) {
    const archive = execFileSync('tar', ['-c', '--sparse', ...flags, 'sparse'], { cwd: folder });
    assert.ok(archive.length < 2_000_000, 'the holes are not stored');
    const [entry, ...others] = parse(archive, 10_000);
    assert.ok(entry?.sparse !== undefined, flags.join(' '));
    assert.equal(others.length, 0);
    assert.equal(entry.name, 'sparse');
    assert.equal(entry.fileSize, 100_000_000);
    const hash = createHash('sha256');
    let at = 0;
    const texts = new Map<number, string>();
    for (const { offset, length } of entry.sparse) {
      const data = entry.content.subarray(at, at + length);
      hash.update(data);
      if (length > 0) texts.set(offset, data.toString('latin1', 0, `region at ${offset}`.length));
      at += length;
    }
    assert.equal(at, entry.size);
    for (const offset of offsets) assert.equal(texts.get(offset), `region at ${offset}`, flags.join(' '));
  }
});

test('pax records give long names, large numbers, times and attributes of any bytes', () => {
  const value = Buffer.from([0, 1, 2, 255, 10, 61]);
  const name = `d/${'ü'.repeat(200)}`;
  const [entry] = parse(
    tarArchive([
      {
        name,
        content: 'x',
        pax: {
          uid: '3000000000',
          gid: '4',
          mtime: '-1.25',
          'SCHILY.xattr.user.x': value,
          'SCHILY.xattr.user.empty': '',
        },
      },
    ]),
    100,
  );
  assert.ok(entry !== undefined);
  assert.equal(Buffer.from(entry.name, 'latin1').toString(), name);
  assert.deepEqual([entry.uid, entry.gid, entry.mtimeSeconds, entry.mtimeNanos], [3_000_000_000, 4, -2, 750_000_000]);
  assert.deepEqual(
    [...(entry.xattrs ?? [])],
    [
      ['user.x', value],
      ['user.empty', Buffer.alloc(0)],
    ],
  );
});

test('names keep bytes that are not UTF-8, and two such names stay two', () => {
  const block = (byte: number): Buffer => header((bytes) => void bytes.writeUInt8(byte, 0));
  const names = parse(Buffer.concat([block(0xe9), block(0xe8), END])).map(({ name }) => name);
  assert.deepEqual(names, ['\xe9ile', '\xe8ile']);
});

test('numbers in base 256 are read, for sizes beyond octal digits and times before 1970', () => {
  const [entry] = parse(
    Buffer.concat([
      header((block) => {
        block.fill(0xff, 136, 148); // -1 as twelve bytes.
        block.fill(0, 108, 116);
        block[108] = 0x80;
        block.writeUInt32BE(4_000_000_000, 112);
      }),
      END,
    ]),
  );
  assert.deepEqual([entry?.mtimeSeconds, entry?.uid], [-1, 4_000_000_000]);
});

test('what follows the two closing blocks is not looked at, and an archive may end without them', () => {
  const archive = tarArchive([{ name: 'a', content: '1' }]);
  assert.equal(parse(Buffer.concat([archive, Buffer.from('anything at all')])).length, 1);
  assert.equal(parse(archive.subarray(0, -1024)).length, 1);
  assert.equal(parse(Buffer.alloc(0)).length, 0);
});

test('a global pax header changes nothing', () => {
  const extended = tarEntry({ name: 'wrong', typeFlag: 'g', content: '17 path=renamed\n' });
  assert.deepEqual(
    parse(Buffer.concat([extended, tarArchive([{ name: 'right', content: '' }])])).map(({ name }) => name),
    ['right'],
  );
});

const pax = (text: string, size?: number): Buffer =>
  Buffer.concat([
    tarEntry({ name: 'pax', typeFlag: 'x', content: text, ...(size === undefined ? {} : { size }) }),
    tarArchive([{ name: 'file', content: 'abc' }]),
  ]);
const one = tarArchive([{ name: 'file', content: 'x'.repeat(600) }]);

const BROKEN: Readonly<Record<string, Buffer>> = {
  'no archive at all': Buffer.from('<html>not found</html>'.repeat(100)),
  'a wrong checksum': Buffer.concat([Buffer.from(one.subarray(0, 512)).fill(0x37, 100, 107), one.subarray(512)]),
  'cut in a header': one.subarray(0, 300),
  'cut in the content': one.subarray(0, 700),
  'cut after a pax header': pax('11 path=xy\n').subarray(0, 1024),
  'a negative size': Buffer.concat([header((block) => void block.fill(0xff, 124, 136)), END]),
  'a size beyond every integer': Buffer.concat([
    header((block) => void block.fill(0x7f, 125, 136).fill(0x80, 124, 125)),
    END,
  ]),
  'a size that is not a number': Buffer.concat([header((block) => void block.write('12x4567', 124)), END]),
  'a negative owner': Buffer.concat([header((block) => void block.fill(0xff, 108, 116)), END]),
  'an unknown type': tarArchive([{ name: 'odd', typeFlag: 'Z', content: '' }]),
  'data after one zero block': Buffer.concat([Buffer.alloc(512), one]),
  'a pax record with a length too small': pax('5 path=xy\n'),
  'a pax record with a length too large': pax('99 path=xy\n'),
  'a pax record without a length': pax('path=xy\n'),
  'a pax record without a value': pax('8 pathx\n'),
  'a pax length of many digits': pax(`${'9'.repeat(400)} path=xy\n`),
  'a pax size that is not a number': pax('11 size=-1\n'),
  'a pax size that is too large': pax('26 size=99999999999999999\n'),
  'a pax name with a zero byte': pax('12 path=x\0y\n'),
  'sparse regions that overlap': pax('26 GNU.sparse.map=0,2,1,1\n22 GNU.sparse.size=10\n'),
  'sparse regions beyond the file': pax('22 GNU.sparse.map=9,3\n22 GNU.sparse.size=10\n'),
  'sparse regions that hold less than the archive': pax('22 GNU.sparse.map=0,2\n22 GNU.sparse.size=10\n'),
  'a sparse map of odd length': pax('24 GNU.sparse.map=0,2,5\n22 GNU.sparse.size=10\n'),
  'a sparse map longer than its data': pax('22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=9\n'),
};

for (const [what, archive] of Object.entries(BROKEN)) {
  test(`refused: ${what}`, () => {
    for (const chunk of [archive.length, 100]) assert.throws(() => parse(archive, chunk), { kind: 'invalid' });
  });
}

test('each limit is named in the error', () => {
  const entries = Array.from({ length: 5 }, (_, index) => ({ name: `file ${index}`, content: 'x'.repeat(100) }));
  const refused = (limits: Partial<TarLimits>, message: RegExp, archive = tarArchive(entries)): void =>
    assert.throws(() => parse(archive, archive.length, limits), { kind: 'tooLarge', message });
  refused({ maxEntries: 4 }, /limit of 4 entries/);
  refused({ maxFileBytes: 99 }, /limit of 99 bytes in "file 0"/);
  refused({ maxTotalBytes: 499 }, /limit of 499 bytes of files/);
  refused({ maxNameBytes: 5 }, /limit of 5 bytes in the name "file 0"/);
  refused(
    { maxNameBytes: 5 },
    /limit of 5 bytes in the link/,
    tarArchive([{ name: 'l', type: 'symlink', target: 'longer' }]),
  );
  refused({ maxExtensionBytes: 10 }, /limit of 10 bytes in an extended header/, pax('11 path=xy\n'));
  refused(
    { maxEntries: 3 },
    /limit of 3 entries/,
    Buffer.concat(Array.from({ length: 9 }, () => pax('11 path=xy\n').subarray(0, 1024))),
  );
  refused({ maxSparseRegions: 1 }, /sparse|regions/, pax('26 GNU.sparse.map=0,1,2,2\n22 GNU.sparse.size=10\n'));
  assert.equal(
    parse(tarArchive(entries), 1000, { maxEntries: 5, maxFileBytes: 100, maxTotalBytes: 500, maxNameBytes: 6 }).length,
    5,
  );
});

test('a header that claims terabytes is refused before a byte of it is read', () => {
  const archive = tarArchive([{ name: 'huge', content: '', size: 2 ** 50 }]);
  assert.throws(() => parse(archive), { kind: 'tooLarge', message: /bytes in "huge"/ });
});

test('an archive may end with the last byte of its last file, and not before', () => {
  const archive = tarEntry({ name: 'file', content: 'text' });
  for (const size of [1, 512, 516]) assert.equal(parse(archive.subarray(0, 516), size)[0]?.content.toString(), 'text');
  assert.throws(() => parse(archive.subarray(0, 515)), { kind: 'invalid', message: 'archive/tar: unexpected EOF' });
});
