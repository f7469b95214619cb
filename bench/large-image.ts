import { createHash } from 'node:crypto';
import { imageArchive, tarArchive } from '../test/support/busybox-image.ts';

const LAYERS = 10;
const FILES = 3000;
const FOLDERS = 30;
const FILE_BYTES = 17_000;

let made: Buffer | undefined;

/** 32 MB as compressible as programs: every other kilobyte repeats. Always the same bytes. */
export function programLikeBytes(): Buffer {
  made ??= Buffer.concat(
    Array.from({ length: 32_768 }, (_, block) => {
      const seed = createHash('sha512').update(String(block)).digest();
      return block % 2 === 0 ? Buffer.alloc(1024, seed.subarray(0, 16)) : noise(seed);
    }),
  );
  return made;
}

function noise(seed: Buffer): Buffer {
  let last = seed;
  const parts = Array.from({ length: 16 }, () => {
    last = createHash('sha512').update(last).digest();
    return last;
  });
  return Buffer.concat(parts);
}

/** Ten layers of 3,000 files each, 510 MB in all. One at a time, since each has 52 MB. */
export function* largeLayers(): Generator<Buffer> {
  const bytes = programLikeBytes();
  const content = (index: number): Buffer => {
    const at = (index * 7919) % (bytes.length - FILE_BYTES);
    return bytes.subarray(at, at + FILE_BYTES);
  };
  for (let layer = 0; layer < LAYERS; layer++) {
    yield tarArchive([
      ...Array.from({ length: FOLDERS }, (_, folder) => ({
        name: `l${layer}/d${folder}/`,
        type: 'directory' as const,
      })),
      ...Array.from({ length: FILES }, (_, file) => ({
        name: `l${layer}/d${file % FOLDERS}/f${file}`,
        type: 'file' as const,
        content: content(layer * FILES + file),
      })),
    ]);
  }
}

/** An archive as `docker save` would write it. */
export function largeArchive(tag: string): Buffer {
  return imageArchive({ tags: [tag], layers: [...largeLayers()], config: { Cmd: ['true'] } });
}
