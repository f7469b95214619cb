import { imageArchive, tarArchive } from '../../test/support/busybox-image.ts';
import type { EngineKind } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { atOnce, docker } from '../measure.ts';

const prefix = `bench-memory-${process.pid}`;

const withContainers = (count: number, target: string, engines?: readonly EngineKind[]): Figure => ({
  name: `memory of all engine processes, ${count} idle containers`,
  unit: 'MB',
  target,
  ...(engines === undefined ? {} : { engines }),
  async measure(engine) {
    await atOnce(count, 8, (index) =>
      docker(engine.host, ['run', '-d', '--name', `${prefix}-${index}`, 'busybox', 'sleep', '1000']),
    );
    // Idle means that garbage of the start has had time to be freed.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const bytes = engine.memory();
    if (count > 0)
      await docker(engine.host, ['rm', '-f', ...Array.from({ length: count }, (_, index) => `${prefix}-${index}`)]);
    return bytes / 1e6;
  },
});

const LINES = 500_000;
const FILES = 20_000;
const REST_SECONDS = 30;

/** Memory after work: both kinds use buffers that neither V8 nor glibc frees by itself. */
const afterWork: Figure = {
  name: `memory of all engine processes, ${REST_SECONDS} s after half a million log lines and a load of 20,000 files`,
  unit: 'MB',
  target: '120',
  async measure(engine) {
    const [container, image] = [`${prefix}-lines`, `${prefix}:files`];
    const print = `yes ${'0123456789'.repeat(7)} | head -n ${LINES}`;
    await docker(engine.host, ['run', '--name', container, 'busybox', 'sh', '-c', print]);
    const entries = Array.from({ length: FILES }, (_, at) => ({
      name: `d${at % 100}/f${at}`,
      content: `content of ${at} `.repeat(20),
    }));
    const archive = imageArchive({ tags: [image], layers: [tarArchive(entries)], config: { Cmd: ['sh'] } });
    await docker(engine.host, ['load', '-q'], { input: archive });
    await new Promise((resolve) => setTimeout(resolve, REST_SECONDS * 1000));
    const bytes = engine.memory();
    await docker(engine.host, ['rm', container]);
    await docker(engine.host, ['rmi', image]);
    return bytes / 1e6;
  },
};

export const memoryFigures: readonly Figure[] = [
  withContainers(0, '150'),
  withContainers(50, '160'),
  withContainers(200, '190', ['gantry']),
  afterWork,
];
