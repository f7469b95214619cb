import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { docker, medianOf } from '../measure.ts';

const NAME = 'bench-files';
/** 20,000 small files and one of 200 MB. */
const WRITE =
  'for i in $(seq 1 200); do mkdir -p /tree/d$i; for j in $(seq 1 100); do echo "$i $j" > /tree/d$i/f$j; done; done; ' +
  'dd if=/dev/urandom of=/large bs=1M count=200 2>/dev/null';

/** Runs a command three times, on a container that wrote {@link WRITE}. Returns seconds. */
async function onContainer(
  { host }: Engine,
  command: readonly string[],
  undo: readonly string[] = [],
): Promise<number> {
  await docker(host, ['run', '--name', NAME, 'busybox', 'sh', '-c', WRITE]);
  try {
    const once = async (): Promise<number> => {
      const took = await docker(host, command);
      if (undo.length > 0) await docker(host, undo);
      return took;
    };
    return (await medianOf(3, once)) / 1000;
  } finally {
    await docker(host, ['rm', NAME]);
  }
}

async function exported(engine: Engine): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-export-'));
  try {
    return await onContainer(engine, ['export', '-o', join(folder, 'root.tar'), NAME]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const containerFileFigures: readonly Figure[] = [
  {
    name: 'commit of 20,000 files and 200 MB',
    unit: 's',
    target: '1/2 of the best peer',
    measure: (engine) => onContainer(engine, ['commit', NAME, NAME], ['rmi', NAME]),
  },
  {
    name: 'export of it to a file',
    unit: 's',
    target: 'the best peer',
    measure: exported,
  },
  {
    name: 'diff of it',
    unit: 's',
    target: 'the best peer',
    measure: (engine) => onContainer(engine, ['diff', NAME]),
  },
];
