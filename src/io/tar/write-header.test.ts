import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { archiveEntries } from '../archive-entries.ts';
import { parseHeader } from './header.ts';
import { TAR_END, tarHeader, tarPadding } from './write-header.ts';

test('what is written is read back: files, folders, long names', async () => {
  const names = ['a', 'n'.repeat(100), `blobs/sha512/${'0'.repeat(128)}`];
  const parts = names.flatMap((path, index) => {
    const content = Buffer.from('x'.repeat(index * 300));
    const header = tarHeader({ path, type: 'file', mode: 0o640, sizeBytes: content.length, mtimeSeconds: 7 });
    return [header, content, tarPadding(content.length)];
  });
  const folder = tarHeader({ path: 'd/', type: 'directory', mode: 0o755, sizeBytes: 0, mtimeSeconds: 0 });
  const found: [string, string, number][] = [];
  for await (const entry of archiveEntries(Readable.from([Buffer.concat([...parts, folder, TAR_END])]))) {
    let length = 0;
    for await (const chunk of entry.content) length += chunk.length;
    found.push([entry.path, entry.type, length]);
  }
  assert.deepEqual(found, [
    ...names.map((name, index): [string, string, number] => [name, 'file', index * 300]),
    ['d', 'directory', 0],
  ]);
});

test('a size beyond eleven octal digits stands in a pax header', () => {
  const entry = { path: 'big', type: 'file', mode: 0o644, sizeBytes: 8 ** 11, mtimeSeconds: 0 } as const;
  const whole = tarHeader(entry);
  assert.equal(parseHeader(whole.subarray(0, 512)).typeFlag, 'x');
  assert.equal(whole.toString('latin1', 512, 512 + 19), '19 size=8589934592\n');
  const { sizeBytes: _, ...rest } = entry;
  const header = tarHeader({ ...rest, sizeBytes: 8 ** 11 - 1 });
  assert.equal(header.length, 512);
  const { name, mode, size, mtime } = parseHeader(header);
  assert.deepEqual({ name, mode, size, mtime }, { name: 'big', mode: 0o644, size: 8 ** 11 - 1, mtime: 0 });
});
