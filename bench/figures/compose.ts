import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { command } from '../../test/support/command.ts';
import type { Engine } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { median, waitUntilIdle } from '../measure.ts';

/** `gantry compose` on Gantry, beside docker compose 2.40 on dockerd. */

const PLUGINS = new URL('../../.cache/plugins/new/cli-plugins', import.meta.url).pathname;
const ROUNDS = 5;

interface Client {
  /** Runs `compose ARG…` in the project's folder. Returns milliseconds. */
  run(...args: readonly string[]): Promise<number>;
  readonly folder: string;
}

/** Makes a project, measures, and takes it down. */
async function inProject(
  { kind, host, checkout }: Engine,
  text: string,
  measure: (client: Client) => Promise<number>,
): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'bench-compose-'));
  const folder = join(home, `bench${process.pid}`);
  mkdirSync(folder);
  mkdirSync(join(home, 'config'));
  symlinkSync(PLUGINS, join(home, 'config/cli-plugins'));
  writeFileSync(join(folder, 'compose.yaml'), text);
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(home, 'config') };
  const program = kind === 'gantry' ? join(checkout, 'bin/gantry') : 'docker';
  const run = async (...args: readonly string[]): Promise<number> => {
    const from = performance.now();
    const result = await command(program, ['compose', ...args], { env, cwd: folder, timeoutMs: 300_000 });
    if (result.code !== 0) throw new Error(`compose ${args.join(' ')} ended with ${result.code}: ${result.stderr}`);
    return performance.now() - from;
  };
  try {
    return await measure({ run, folder });
  } finally {
    await run('down', '-v', '-t', '0').catch(() => {});
    rmSync(home, { recursive: true });
  }
}

function services(count: number): string {
  const lines = Array.from({ length: count }, (_, at) => {
    const needs = at % 5 === 0 ? '' : `, depends_on: [s${at - (at % 5)}]`;
    return `  s${at}: { image: busybox, command: sleep 1000, stop_grace_period: 0s${needs} }\n`;
  });
  return `services:\n${lines.join('')}`;
}

/** The median of what `once` returns, each time on an idle machine. */
async function rounds(once: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await waitUntilIdle();
    values.push(await once());
  }
  return median(values);
}

const ENGINES = ['gantry', 'dockerd'] as const;
const both = (name: string, target: string, text: string, once: (client: Client) => Promise<number>): Figure => ({
  ...{ name, unit: 'ms', target, engines: ENGINES },
  measure: (engine) => inProject(engine, text, (client) => rounds(() => once(client))),
});

const ofServices = (count: number): readonly Figure[] => [
  both(`compose up -d of ${count} services`, '1/4 of dockerd', services(count), async ({ run }) => {
    await run('down', '-t', '0');
    await waitUntilIdle();
    return await run('up', '-d');
  }),
  both(`compose down of ${count} services`, '1/4 of dockerd', services(count), async ({ run }) => {
    await run('up', '-d');
    await waitUntilIdle();
    return await run('down', '-t', '0');
  }),
  both(`compose up -d of ${count} services with nothing to do`, '0.7 of dockerd', services(count), async ({ run }) => {
    await run('up', '-d');
    await waitUntilIdle();
    return await run('up', '-d');
  }),
];

export const composeFigures: readonly Figure[] = [
  ...ofServices(1),
  ...ofServices(30),
  both('compose config of 200 services', 'dockerd', services(200), ({ run }) => run('config', '-q')),
  both('compose ps of 30 services', 'dockerd', services(30), async ({ run }) => {
    await run('up', '-d');
    await waitUntilIdle();
    return await run('ps');
  }),
  {
    ...{ name: 'start of gantry compose, against node -e 0', unit: 'times', target: '2', engines: ['gantry'] },
    measure: (engine) =>
      inProject(engine, services(1), async ({ run, folder }) => {
        const [ours, node]: [number[], number[]] = [[], []];
        for (let round = 0; round < 15; round += 1) {
          ours.push(await run('version', '--short'));
          const from = performance.now();
          await command(process.execPath, ['-e', '0'], { cwd: folder });
          node.push(performance.now() - from);
        }
        return median(ours) / median(node);
      }),
  },
];
