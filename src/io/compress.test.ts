import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { decompress } from './compress.ts';

async function unpacked(bytes: Buffer, chunkSize = 64 << 10, maxBytes?: number): Promise<[string, Buffer]> {
  const { compression, stream } = await decompress(
    Readable.from(chunksOf(bytes, chunkSize), { objectMode: false }),
    maxBytes,
  );
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return [compression, Buffer.concat(chunks)];
}

function* chunksOf(bytes: Buffer, size: number): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from('meta')]);

test('plain, gzip and zstd are told apart by their first bytes and read to the end', async () => {
  const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(700_000, 'x')]);
  assert.deepEqual(await unpacked(content), ['none', content]);
  assert.deepEqual(await unpacked(gzipSync(content)), ['gzip', content]);
  assert.deepEqual(await unpacked(zstdCompressSync(content)), ['zstd', content]);
  assert.deepEqual(await unpacked(Buffer.alloc(0)), ['none', Buffer.alloc(0)]);
  assert.deepEqual(await unpacked(Buffer.from([0x1f])), ['none', Buffer.from([0x1f])]);
});

test('several members or frames are one stream, however the bytes arrive', async () => {
  const parts = [randomBytes(100_000), Buffer.alloc(2_000_000, 'y'), randomBytes(10)];
  const all = Buffer.concat(parts);
  const zstd = Buffer.concat([skippable, ...parts.map((part) => zstdCompressSync(part)), skippable]);
  for (const size of [1000, 64 << 10, zstd.length, zstdCompressSync(parts[0]!).length + skippable.length]) {
    assert.deepEqual(await unpacked(zstd, size), ['zstd', all], `chunks of ${size}`);
  }
  assert.deepEqual(await unpacked(Buffer.concat(parts.map((part) => gzipSync(part))), 1000), ['gzip', all]);
  const tiny = Buffer.concat([skippable, zstdCompressSync(Buffer.from('hi'))]);
  assert.deepEqual(await unpacked(tiny, 1), ['zstd', Buffer.from('hi')]);
});

test('truncated and broken data end in an error', async () => {
  const content = randomBytes(200_000);
  for (const compress of [gzipSync, zstdCompressSync]) {
    const whole = compress(content);
    await assert.rejects(unpacked(whole.subarray(0, 100_000)), { kind: 'invalid', message: 'unexpected EOF' });
    const broken = Buffer.from(whole);
    broken.fill(0xff, 10, 40);
    await assert.rejects(unpacked(broken), { kind: 'invalid' });
  }
});

for (const program of ['xz', 'bzip2'] as const) {
  const skip = spawnSync(program, ['--version']).error === undefined ? false : `no ${program} on this machine`;

  test(`${program} is read by the system's program, which does not outlive its stream`, { skip }, async () => {
    const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(1_700_000, 'x')]);
    const packed = spawnSync(program, ['-c'], { input: content, maxBuffer: 16 << 20 }).stdout;
    assert.deepEqual(await unpacked(packed), [program, content]);
    assert.deepEqual(await unpacked(packed, 100), [program, content]);
    await assert.rejects(unpacked(packed.subarray(0, 100_000)), { kind: 'invalid', message: /broken compressed data/ });
    const broken = Buffer.from(packed).fill(0xff, 1000, 2000);
    await assert.rejects(unpacked(broken), { kind: 'invalid' });
    await assert.rejects(unpacked(packed, 1000, 1 << 20), { kind: 'tooLarge' });
    const { stream } = await decompress(Readable.from(chunksOf(packed, 1000), { objectMode: false }));
    for await (const chunk of stream) {
      assert.ok(chunk.length > 0);
      break;
    }
    const children = (): string[] =>
      readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
        .split(' ')
        .filter((pid) => isRunning(pid, program));
    for (let left = 100; children().length > 0 && left > 0; left--) await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(children(), []);
  });
}

function isRunning(pid: string, program: string): boolean {
  try {
    return pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program;
  } catch {
    return false;
  }
}

test('a bomb is stopped by its size, without the memory for it; how well data compresses is not a reason', async () => {
  const zeros = zstdCompressSync(Buffer.alloc(64 << 20));
  assert.ok((64 << 20) / zeros.length > 2000);
  const bombs = Buffer.concat(Array.from({ length: 8 }, () => zeros));
  const read = async (maxBytes?: number): Promise<number> => {
    let seen = 0;
    const { stream } = await decompress(Readable.from([bombs]), maxBytes);
    for await (const chunk of stream) seen += (chunk as Buffer).length;
    return seen;
  };
  assert.equal(await read(), 512 << 20);
  assert.equal(await read(512 << 20), 512 << 20);
  await assert.rejects(read((512 << 20) - 1), {
    kind: 'tooLarge',
    message: `archive exceeds the limit of ${(512 << 20) - 1} bytes when decompressed`,
  });
});

test("the source's own error comes through", async () => {
  const half = gzipSync(randomBytes(200_000)).subarray(0, 100_000);
  async function* failing(): AsyncGenerator<Buffer> {
    yield half;
    throw new Error('connection reset');
  }
  const { stream } = await decompress(Readable.from(failing(), { objectMode: false }));
  await assert.rejects(stream.toArray(), { message: 'connection reset' });
});
