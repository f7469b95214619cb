import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Figure } from '../figure.ts';
import { median } from '../measure.ts';

function wall(file: string, args: readonly string[], host: string): Promise<number> {
  const from = performance.now();
  const child = spawn(file, args, { env: { ...process.env, DOCKER_HOST: host }, stdio: 'ignore' });
  return new Promise((resolve, reject) =>
    child
      .on('error', reject)
      .on('close', (code) =>
        code === 0 ? resolve(performance.now() - from) : reject(new Error(`${file} ended with ${code}`)),
      ),
  );
}

export const cliFigures: readonly Figure[] = [
  {
    name: 'gantry ps, against node -e 0',
    unit: 'times',
    target: '1.6',
    engines: ['gantry'],
    async measure({ host, checkout }) {
      const [ours, node]: [number[], number[]] = [[], []];
      // In turn, so that a busy moment affects both.
      for (let round = 0; round < 25; round++) {
        ours.push(await wall(join(checkout, 'bin/gantry'), ['ps'], host));
        node.push(await wall(process.execPath, ['-e', '0'], host));
      }
      return median(ours) / median(node);
    },
  },
];
