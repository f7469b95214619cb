import { performance } from 'node:perf_hooks';
import type { Figure } from '../figure.ts';
import { docker, dockerOutput, medianOf } from '../measure.ts';

const LINES = 500_000;
const name = `bench-logs-${process.pid}`;

export const logFigures: readonly Figure[] = [
  {
    name: `${LINES} log lines detached, until the container has ended`,
    unit: 's',
    target: '0.5',
    reference: { dockerd: 1.0, podman: 0.4 },
    async measure({ host }) {
      await dockerOutput(host, ['rm', '-f', name]).catch(() => {});
      const from = performance.now();
      await docker(host, ['run', '-d', '--name', name, 'busybox', 'seq', String(LINES)]);
      await docker(host, ['wait', name]);
      return (performance.now() - from) / 1000;
    },
  },
  {
    name: 'the same read back with logs, to a file',
    unit: 's',
    target: '1.0',
    reference: { dockerd: 2.5, podman: 3.4 },
    async measure({ host }) {
      const read = async (): Promise<number> => {
        const { milliseconds, stdout } = await dockerOutput(host, ['logs', name]);
        const lines = stdout.split('\n').length - 1;
        if (lines !== LINES) throw new Error(`${lines} lines came back`);
        return milliseconds;
      };
      const result = await medianOf(3, read);
      await docker(host, ['rm', name]);
      return result / 1000;
    },
  },
];
