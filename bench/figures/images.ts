import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import type { Engine } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { docker, medianOf } from '../measure.ts';

const NAME = 'bench-layers:latest';
let archive: Buffer | undefined;

/** Ten layers with 2,000 small files each. */
function tenLayers(): Buffer {
  archive ??= imageArchive({
    tags: [NAME],
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

/** To a file, as backups are made. */
async function save({ host }: Engine): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-save-'));
  try {
    await docker(host, ['load', '-q'], { input: tenLayers() });
    return (await medianOf(3, () => docker(host, ['save', '-o', join(folder, 'image.tar'), NAME]))) / 1000;
  } finally {
    await docker(host, ['rmi', NAME]);
    rmSync(folder, { recursive: true });
  }
}

export const imageFigures: readonly Figure[] = [
  {
    name: 'save of 10 layers with 2,000 files each',
    unit: 's',
    target: '0.5',
    reference: { dockerd: 1.7, podman: 1.4 },
    measure: save,
  },
  {
    name: 'load of 10 layers with 2,000 files each',
    unit: 's',
    target: '1.4',
    reference: { dockerd: 5.9, podman: 2.8 },
    measure: async ({ host }) => (await docker(host, ['load', '-q'], { input: tenLayers() })) / 1000,
  },
  {
    name: 'rmi of it',
    unit: 's',
    target: '0.05',
    reference: { dockerd: 1.9, podman: 0.3 },
    measure: async ({ host }) => (await docker(host, ['rmi', NAME])) / 1000,
  },
];
