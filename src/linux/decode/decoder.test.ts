import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { openDecoder } from './open-decoder.ts';

type Kind = 'gzip' | 'zstd';
const COMPRESS = { gzip: (bytes: Buffer) => gzipSync(bytes), zstd: (bytes: Buffer) => zstdCompressSync(bytes) };
const KINDS: readonly Kind[] = ['gzip', 'zstd'];
const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]), Buffer.from('meta')]);

/** Decodes input that arrives in chunks of a size. Each chunk is overwritten after its use. */
function decoded(kind: Kind, bytes: Buffer, chunkBytes = 64 << 10): Buffer {
  using decoder = openDecoder(kind);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = Buffer.from(bytes.subarray(at, at + chunkBytes));
    decoder.decode(chunk, (piece) => void pieces.push(Buffer.from(piece)));
    chunk.fill(0xee);
  }
  decoder.finish();
  return Buffer.concat(pieces);
}

const mixed = Buffer.concat([randomBytes(100_000), Buffer.alloc(3_000_000, 'x'), randomBytes(17)]);

for (const kind of KINDS) {
  test(`${kind}: content of any size comes back, however it arrives`, () => {
    // The sizes of pieces, and their neighbours.
    const sizes = [0, 1, 511, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 1 << 20];
    for (const content of [mixed, ...sizes.map((size) => randomBytes(size)), Buffer.alloc(20 << 20)]) {
      const packed = COMPRESS[kind](content);
      assert.ok(decoded(kind, packed).equals(content), `${content.length} bytes`);
    }
    const packed = COMPRESS[kind](mixed);
    for (const chunkBytes of [1, 7, 1000, packed.length]) assert.ok(decoded(kind, packed, chunkBytes).equals(mixed));
  });

  test(`${kind}: several frames are one content, empty ones too`, () => {
    const parts = [randomBytes(100_000), Buffer.alloc(0), Buffer.alloc(2_000_000, 'y'), randomBytes(10)];
    const packed = Buffer.concat(parts.map(COMPRESS[kind]));
    const first = COMPRESS[kind](parts[0] ?? Buffer.alloc(0)).length;
    for (const chunkBytes of [1, 1000, first, packed.length]) {
      assert.ok(decoded(kind, packed, chunkBytes).equals(Buffer.concat(parts)), `chunks of ${chunkBytes}`);
    }
  });

  test(`${kind}: what is cut short or broken is refused`, () => {
    const packed = COMPRESS[kind](mixed);
    for (const length of [1, 10, 1000, packed.length - 1]) {
      assert.throws(() => decoded(kind, packed.subarray(0, length)), { kind: 'invalid', message: 'unexpected EOF' });
    }
    const broken = Buffer.from(packed).fill(0xff, 10, 60);
    assert.throws(() => decoded(kind, broken), { kind: 'invalid' });
    assert.throws(() => decoded(kind, Buffer.concat([packed, Buffer.from('rubbish behind it')])), { kind: 'invalid' });
    assert.throws(() => decoded(kind, Buffer.alloc(10_000, 7)), { kind: 'invalid', message: /broken compressed data/ });
  });

  test(`${kind}: what a piece is handed to may stop it all`, () => {
    using decoder = openDecoder(kind);
    const stop = (): never => {
      throw new Error('enough');
    };
    assert.throws(() => decoder.decode(COMPRESS[kind](mixed), stop), { message: 'enough' });
  });
}

test('gzip: zeros after the last member are padding', () => {
  const packed = Buffer.concat([gzipSync(mixed), Buffer.alloc(1000)]);
  for (const chunkBytes of [1, packed.length]) assert.ok(decoded('gzip', packed, chunkBytes).equals(mixed));
});

test('zstd: frames to be skipped are skipped', () => {
  const packed = Buffer.concat([skippable, zstdCompressSync(mixed), skippable]);
  for (const chunkBytes of [1, 8, packed.length]) assert.ok(decoded('zstd', packed, chunkBytes).equals(mixed));
});

test('zstd: a window of gigabytes is refused before memory is taken for it', () => {
  // Magic number, no flags, a window descriptor of 2^40 bytes (RFC 8878, section 3.1.1.1.2).
  const huge = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 30 << 3]), Buffer.alloc(100)]);
  assert.throws(() => decoded('zstd', huge), { kind: 'invalid', message: /too much memory/ });
});
