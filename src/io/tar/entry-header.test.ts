import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAIN_TAR_ENTRY, type TarEntry } from './entry.ts';
import { tarEntryHeader, tarPaddingBytes } from './entry-header.ts';
import { parseHeader } from './header.ts';
import { TarParser } from './tar-parser.ts';

const PLAIN: TarEntry = { ...PLAIN_TAR_ENTRY, name: 'file' };

/** Parses a header with this content after it. */
function parsed(entry: TarEntry, content = Buffer.alloc(entry.size)): { entry: TarEntry; content: Buffer } {
  const entries: TarEntry[] = [];
  const chunks: Buffer[] = [];
  const parser = new TarParser({
    entry: (found) => void entries.push(found),
    data: (chunk) => void chunks.push(Buffer.from(chunk)),
    end() {},
  });
  parser.write(tarEntryHeader(entry));
  parser.write(content);
  parser.write(Buffer.alloc(tarPaddingBytes(content.length)));
  parser.finish();
  assert.equal(entries.length, 1);
  return { entry: entries[0] as TarEntry, content: Buffer.concat(chunks) };
}

test('what is written is what is read', () => {
  const cases: readonly Partial<TarEntry>[] = [
    {},
    { name: 'a'.repeat(100) },
    { name: `${'b'.repeat(99)}/${'c'.repeat(100)}` },
    { name: `${'b'.repeat(99)}/${'c'.repeat(101)}` },
    { name: `${'d/'.repeat(2000)}e` },
    { name: 'Übung/\xff\xfe' },
    { name: `${'x'.repeat(99)}/`, type: 'directory', mode: 0o3755 },
    { name: `${'y'.repeat(150)}/`, type: 'directory' },
    { uid: 2_097_151, gid: 2_097_152 },
    { uid: 4_294_967_294 },
    { mtimeSeconds: 981_173_106, mtimeNanos: 120_000_000 },
    { mtimeSeconds: -1, mtimeNanos: 500_000_000 },
    { mtimeSeconds: -86_400 },
    { mtimeSeconds: 8 ** 11 },
    { type: 'symlink', linkName: '../target' },
    { type: 'symlink', linkName: 'l'.repeat(500) },
    { type: 'link', linkName: 'é' },
    { type: 'character', deviceMajor: 4095, deviceMinor: 1_048_575 },
    { type: 'block', deviceMajor: 8, deviceMinor: 1 },
    { type: 'fifo', mode: 0o600 },
    { xattrs: new Map([['security.capability', Buffer.from([1, 0, 10, 61, 255, 0])]]) },
  ];
  for (const change of cases) {
    const entry = { ...PLAIN, ...change };
    assert.deepEqual(parsed(entry).entry, entry);
  }
});

test('plain entries cost one block', () => {
  assert.equal(tarEntryHeader(PLAIN).length, 512);
  assert.equal(tarEntryHeader({ ...PLAIN, name: `${'b'.repeat(99)}/${'c'.repeat(90)}` }).length, 512, 'by its prefix');
});

test('a file beyond eight gigabytes keeps its size', () => {
  const entries: TarEntry[] = [];
  const parser = new TarParser({ entry: (found) => void entries.push(found), data() {}, end() {} });
  parser.write(tarEntryHeader({ ...PLAIN, size: 8 ** 11, fileSize: 8 ** 11 }));
  assert.equal(entries[0]?.size, 8 ** 11);
});

test('a sparse file keeps its holes', () => {
  const sparse = Array.from({ length: 90 }, (_, index) => ({ offset: index * 1_000_000, length: 3 }));
  sparse.push({ offset: 100_000_000, length: 0 });
  const entry: TarEntry = { ...PLAIN, name: 'holes', size: 270, fileSize: 100_000_000, sparse };
  const content = Buffer.from('abc'.repeat(90));
  const found = parsed(entry, content);
  assert.deepEqual(found.entry, entry);
  assert.deepEqual(found.content, content);
});

test('a size beyond eleven octal digits stands in a pax header', () => {
  const whole = tarEntryHeader({ ...PLAIN, size: 8 ** 11 });
  assert.equal(parseHeader(whole.subarray(0, 512)).typeFlag, 'x');
  assert.equal(whole.toString('latin1', 512, 512 + 19), '19 size=8589934592\n');
  const header = tarEntryHeader({ ...PLAIN, size: 8 ** 11 - 1 });
  assert.equal(header.length, 512);
  assert.equal(parseHeader(header).size, 8 ** 11 - 1);
});
