import { createHash } from 'node:crypto';
import { imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import { type DebianRegistry, debianRegistry } from '../../test/support/debian-registry.ts';
import type { Engine } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { docker } from '../measure.ts';

const LAYERS = 10;
const FILES = 3000;
const FILE_BYTES = 17_000;
const LOCAL = 'bench-large:latest';

/** As compressible as programs are: every other kilobyte repeats. */
function pool(): Buffer {
  const parts: Buffer[] = [];
  for (let block = 0; block < 16_384; block++) {
    const seed = createHash('sha512').update(String(block)).digest();
    parts.push(block % 2 === 0 ? Buffer.alloc(1024, seed.subarray(0, 16)) : noise(seed));
  }
  return Buffer.concat(parts);
}

function noise(seed: Buffer): Buffer {
  let last = seed;
  const parts = Array.from({ length: 16 }, () => {
    last = createHash('sha512').update(last).digest();
    return last;
  });
  return Buffer.concat(parts);
}

/** Ten layers, 30,000 files, 510 MB. */
function largeImage(): Buffer {
  const bytes = pool();
  const content = (index: number): Buffer => {
    const at = (index * 7919) % (bytes.length - FILE_BYTES);
    return bytes.subarray(at, at + FILE_BYTES);
  };
  const layers = Array.from({ length: LAYERS }, (_, layer) =>
    tarArchive([
      ...Array.from({ length: 30 }, (_unused, folder) => ({
        name: `l${layer}/d${folder}/`,
        type: 'directory' as const,
      })),
      ...Array.from({ length: FILES }, (_unused, file) => ({
        name: `l${layer}/d${file % 30}/f${file}`,
        type: 'file' as const,
        content: content(layer * FILES + file),
      })),
    ]),
  );
  return imageArchive({ tags: [LOCAL], layers, config: { Cmd: ['true'] } });
}

/** Runs `measure` with the image at a registry of its own; leaves neither. */
async function withRegistry(
  engine: Engine,
  measure: (name: string, registry: DebianRegistry) => Promise<number>,
): Promise<number> {
  await using registry = await debianRegistry();
  const name = `${registry.host}/bench/large:latest`;
  await docker(engine.host, ['load', '-q'], { input: largeImage() });
  await docker(engine.host, ['tag', LOCAL, name]);
  try {
    return (await measure(name, registry)) / 1000;
  } finally {
    await docker(engine.host, ['rmi', '-f', LOCAL, name]).catch(() => {});
  }
}

export const registryFigures: readonly Figure[] = [
  {
    name: 'push of 10 layers, 30,000 files, 510 MB',
    unit: 's',
    target: '1.0 of the best peer',
    measure: (engine) => withRegistry(engine, (name) => docker(engine.host, ['push', '-q', name])),
  },
  {
    name: 'pull of it',
    unit: 's',
    target: '0.5 of the best peer',
    measure: (engine) =>
      withRegistry(engine, async (name) => {
        await docker(engine.host, ['push', '-q', name]);
        await docker(engine.host, ['rmi', LOCAL, name]);
        return docker(engine.host, ['pull', '-q', name]);
      }),
  },
];
