import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { gzipFile } from './gzip-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-gzip-'));
after(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

function fileOf(content: Buffer): string {
  const path = join(folder, randomBytes(4).toString('hex'));
  writeFileSync(path, content);
  return path;
}

test('a file of any size is compressed, to the same bytes each time', async () => {
  const mixed = Buffer.concat([randomBytes(3_000_000), Buffer.alloc(3_000_000, 'ab')]);
  for (const content of [Buffer.alloc(0), Buffer.from('x'), mixed]) {
    const pieces: Buffer[] = [];
    await gzipFile(fileOf(content), { level: 4, signal: never }, async (bytes) => {
      await new Promise((resolve) => setImmediate(resolve));
      pieces.push(Buffer.from(bytes));
    });
    const packed = Buffer.concat(pieces);
    assert.ok(gunzipSync(packed).equals(content), `${content.length} bytes`);
    assert.ok(packed.equals(gzipSync(content, { level: 4 })));
  }
});

test('it ends when it is cancelled, when its taker fails, and without a file', async () => {
  const path = fileOf(randomBytes(3_000_000));
  const abort = new AbortController();
  const cancelled = gzipFile(path, { level: 4, signal: abort.signal }, async () => abort.abort());
  await assert.rejects(cancelled, { kind: 'cancelled' });
  await assert.rejects(
    gzipFile(path, { level: 4, signal: AbortSignal.abort() }, async () => {}),
    { kind: 'cancelled' },
  );
  const full = gzipFile(path, { level: 4, signal: never }, () => Promise.reject(new Error('disk full')));
  await assert.rejects(full, { message: 'disk full' });
  await assert.rejects(
    gzipFile(join(folder, 'none'), { level: 4, signal: never }, async () => {}),
    { code: 'ENOENT' },
  );
});
