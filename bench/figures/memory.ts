import type { Figure } from '../figure.ts';
import { atOnce, docker } from '../measure.ts';

const prefix = `bench-memory-${process.pid}`;

const withContainers = (count: number, target: string, engines?: readonly string[]): Figure => ({
  name: `memory of all engine processes, ${count} idle containers`,
  unit: 'MB',
  target,
  ...(engines === undefined ? {} : { engines }),
  async measure(engine) {
    await atOnce(count, 8, (index) =>
      docker(engine.host, ['run', '-d', '--name', `${prefix}-${index}`, 'busybox', 'sleep', '1000']),
    );
    // Idle means that start-up garbage has had its time to go.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const bytes = engine.memory();
    if (count > 0)
      await docker(engine.host, ['rm', '-f', ...Array.from({ length: count }, (_, index) => `${prefix}-${index}`)]);
    return bytes / 1e6;
  },
});

export const memoryFigures: readonly Figure[] = [
  withContainers(0, '150'),
  withContainers(50, '160'),
  withContainers(200, '190', ['gantry']),
];
