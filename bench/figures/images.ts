import { imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import type { Figure } from '../figure.ts';
import { docker } from '../measure.ts';

let archive: Buffer | undefined;

/** Ten layers with 2,000 small files each. */
function tenLayers(): Buffer {
  archive ??= imageArchive({
    tags: ['bench-layers:latest'],
    layers: Array.from({ length: 10 }, (_, layer) =>
      tarArchive([
        ...Array.from({ length: 20 }, (_unused, folder) => ({
          name: `layer${layer}/dir${folder}/`,
          type: 'directory' as const,
        })),
        ...Array.from({ length: 2000 }, (_unused, file) => ({
          name: `layer${layer}/dir${file % 20}/file${file}`,
          type: 'file' as const,
          content: `content of file ${file} in layer ${layer}\n`.repeat(1 + (file % 50)),
        })),
      ]),
    ),
    config: { Cmd: ['true'] },
  });
  return archive;
}

export const imageFigures: readonly Figure[] = [
  {
    name: 'load of 10 layers with 2,000 files each',
    unit: 's',
    target: '1.4',
    measure: async ({ host }) => (await docker(host, ['load', '-q'], { input: tenLayers() })) / 1000,
  },
  {
    name: 'rmi of it',
    unit: 's',
    target: '0.05',
    measure: async ({ host }) => (await docker(host, ['rmi', 'bench-layers:latest'])) / 1000,
  },
];
