import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { command } from '../../test/support/command.ts';
import type { Figure } from '../figure.ts';
import { waitUntilIdle } from '../measure.ts';

/** Builds by the real clients: buildx 0.29, and the docker CLI as a client of the classic builder. */

const PLUGINS = new URL('../../.cache/plugins/new/cli-plugins', import.meta.url).pathname;
const STEPS = 20;
const FILES = 20_000;

interface Context {
  readonly folder: string;
  /** Runs a build of the context. Returns milliseconds. */
  build(kind: 'buildx' | 'classic', ...args: readonly string[]): Promise<number>;
}

/** Measures in a folder of its own, which goes with the images that were built from it. */
async function inContext<T>(host: string, measure: (context: Context) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'bench-build-'));
  const folder = join(home, 'context');
  const name = `bench-build-${process.pid}`;
  mkdirSync(folder);
  mkdirSync(join(home, 'config'));
  symlinkSync(PLUGINS, join(home, 'config/cli-plugins'));
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(home, 'config'), BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
  const docker = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    command('docker', args, { env: { ...env, ...more }, timeoutMs: 600_000 });
  try {
    return await measure({
      folder,
      async build(kind, ...args) {
        const [first, more] = kind === 'buildx' ? [['buildx', 'build'], {}] : [['build'], { DOCKER_BUILDKIT: '0' }];
        const from = performance.now();
        const { code, stderr } = await docker([...first, '-q', '-t', name, ...args, folder], more);
        if (code !== 0) throw new Error(`the build ended with ${code}: ${stderr}`);
        return performance.now() - from;
      },
    });
  } finally {
    await docker(['rmi', '-f', name]);
    rmSync(home, { recursive: true });
  }
}

async function median(count: number, once: (index: number) => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let index = 0; index < count; index += 1) {
    await waitUntilIdle();
    values.push(await once(index));
  }
  return values.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
}

function writeSteps(folder: string): void {
  const steps = Array.from({ length: STEPS }, (_, at) => `RUN echo ${at} >/step-${at}\n`);
  writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\n${steps.join('')}`);
}

function writeFiles(folder: string): void {
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY . /all/\n');
  for (let at = 0; at < FILES; at += 1) {
    const directory = join(folder, `d${Math.floor(at / 100)}`);
    if (at % 100 === 0) mkdirSync(directory);
    writeFileSync(join(directory, `f${at}`), `${process.pid} ${at}\n`.repeat(10));
  }
}

/** Seconds of a build without the cache, for each kind of client. */
const cold = (kind: 'buildx' | 'classic', target: string): Figure => ({
  name: `build of ${STEPS} RUN steps, cold, ${kind}`,
  unit: 's',
  target,
  engines: ['gantry', 'dockerd'],
  measure: ({ host }) =>
    inContext(host, async ({ folder, build }) => {
      writeSteps(folder);
      return (await median(3, () => build(kind, '--no-cache'))) / 1000;
    }),
});

const cached = (kind: 'buildx' | 'classic', target: string): Figure => ({
  name: `the same, all from the cache, ${kind}`,
  unit: 'ms',
  target,
  engines: ['gantry', 'dockerd'],
  measure: ({ host }) =>
    inContext(host, async ({ folder, build }) => {
      writeSteps(folder);
      await build(kind);
      return await median(9, () => build(kind));
    }),
});

export const buildFigures: readonly Figure[] = [
  cold('buildx', '1/4 of dockerd'),
  cold('classic', '1/4 of dockerd'),
  cached('buildx', '0.6 of dockerd'),
  cached('classic', 'dockerd'),
  {
    name: `build with a context of ${FILES} files, cold`,
    unit: 's',
    target: '1/2 of dockerd',
    engines: ['gantry', 'dockerd'],
    measure: ({ host }) =>
      inContext(host, async ({ folder, build }) => {
        writeFiles(folder);
        return (await build('buildx')) / 1000;
      }),
  },
  {
    name: 'the same with one file changed',
    unit: 's',
    target: '0.7 of dockerd',
    engines: ['gantry', 'dockerd'],
    measure: ({ host }) =>
      inContext(host, async ({ folder, build }) => {
        writeFiles(folder);
        await build('buildx');
        const changed = (at: number): Promise<number> => {
          writeFileSync(join(folder, 'd0/f0'), `changed ${process.pid} ${at}`);
          return build('buildx');
        };
        return (await median(3, changed)) / 1000;
      }),
  },
];
