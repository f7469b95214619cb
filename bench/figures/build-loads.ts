import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Engine } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { type BuildContext, inContext, medianOf } from './build-context.ts';

/** Builds of much data and of many stages and targets, by buildx 0.29. */

const FILES = 20_000;
const STAGES = 8;
const TARGETS = 10;
const LARGE_BYTES = 500_000_000;
const PART_BYTES = 10_000_000;
const SAMPLE_MILLISECONDS = 50;

type Work = (context: BuildContext) => Promise<number>;

const figure = (name: string, target: string, work: Work): Figure => ({
  ...{ name, unit: 's', target, engines: ['gantry', 'dockerd'] },
  measure: async (engine) => (await inContext(engine, work)) / 1000,
});

function writeFiles(folder: string): void {
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY . /all/\n');
  for (let at = 0; at < FILES; at += 1) {
    const directory = join(folder, `d${Math.floor(at / 100)}`);
    if (at % 100 === 0) mkdirSync(directory);
    writeFileSync(join(directory, `f${at}`), `${process.pid} ${at}\n`.repeat(10));
  }
}

const filesCold: Work = async ({ folder, build }) => {
  writeFiles(folder);
  return await build('buildx');
};

const fileChanged: Work = async ({ folder, build }) => {
  writeFiles(folder);
  await build('buildx');
  return await medianOf(3, (at) => {
    writeFileSync(join(folder, 'd0/f0'), `changed ${process.pid} ${at}`);
    return build('buildx');
  });
};

/** Each stage is a chain of steps that take some time by themselves. */
const stages: Work = async ({ folder, build }) => {
  const all = Array.from({ length: STAGES }, (_, at) => at);
  const stage = (at: number): string =>
    `FROM busybox AS s${at}\n${[1, 2, 3].map((step) => `RUN sleep 0.2; echo ${at} >/f${step}\n`).join('')}`;
  const copies = all.map((at) => `COPY --from=s${at} /f3 /from-${at}\n`);
  writeFileSync(join(folder, 'Dockerfile'), `${all.map(stage).join('')}FROM scratch\n${copies.join('')}`);
  return await medianOf(3, () => build('buildx', '--no-cache'));
};

const large: Work = async ({ folder, build }) => {
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nCOPY large /\n');
  const file = openSync(join(folder, 'large'), 'w');
  const part = Buffer.alloc(PART_BYTES);
  for (let at = 0; at < PART_BYTES; at += 4) part.writeUInt32LE((at * 2_654_435_761) % 2 ** 32, at);
  for (let done = 0; done < LARGE_BYTES; done += PART_BYTES) {
    part.writeDoubleLE(done + process.pid);
    writeSync(file, part);
  }
  closeSync(file);
  return await build('buildx');
};

const bake: Work = async ({ folder, docker }) => {
  writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nARG N\nRUN echo $N >/a\nRUN echo $N >/b\n');
  const targets = Array.from({ length: TARGETS }, (_, at) => `t${at}`);
  const target = Object.fromEntries(targets.map((name, at) => [name, { context: folder, args: { N: String(at) } }]));
  const file = join(folder, 'bake.json');
  writeFileSync(file, JSON.stringify({ group: { default: { targets } }, target }));
  return await medianOf(3, async () => {
    const from = performance.now();
    await docker(['buildx', 'bake', '--no-cache', '--progress=quiet', '-f', file], {
      BUILDX_BAKE_ENTITLEMENTS_FS: '0',
    });
    return performance.now() - from;
  });
};

/** The most bytes of all engine processes while `work` runs. */
async function peak(engine: Engine, work: () => Promise<unknown>): Promise<number> {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, engine.memory());
  }, SAMPLE_MILLISECONDS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return most;
}

const memoryFigure = (what: string, work: Work): Figure => ({
  name: `peak memory of all engine processes, ${what}`,
  unit: 'MB',
  target: '200',
  engines: ['gantry', 'dockerd'],
  measure: async (engine) => (await peak(engine, () => inContext(engine, work))) / 1e6,
});

export const buildLoadFigures: readonly Figure[] = [
  figure(`build with a context of ${FILES} files, cold`, '1/2 of dockerd', filesCold),
  figure('build after one of its files has changed', '0.7 of dockerd', fileChanged),
  figure(`build of ${STAGES} stages side by side`, 'dockerd', stages),
  figure('build with COPY of 500 MB, cold', 'dockerd', large),
  figure(`bake of ${TARGETS} targets, cold`, 'dockerd', bake),
  memoryFigure(`build of ${FILES} files`, filesCold),
  memoryFigure('build with COPY of 500 MB', large),
  memoryFigure(`bake of ${TARGETS} targets`, bake),
];
