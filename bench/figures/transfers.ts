import { debianRegistry } from '../../test/support/debian-registry.ts';
import type { Engine, EngineKind } from '../engines.ts';
import type { Figure } from '../figure.ts';
import { largeArchive } from '../large-image.ts';
import { docker } from '../measure.ts';
import { type PublishedImages, publishedImages } from '../published-images.ts';

const LOCAL = 'bench-large:latest';
/** Podman requires TLS of every registry unless its configuration names it. */
const ENGINES: readonly EngineKind[] = ['gantry', 'dockerd'];
const SAMPLE_MILLISECONDS = 50;

interface Pull {
  readonly seconds: number;
  /** Peak of all engine processes together during the pull. */
  readonly peakMegabytes: number;
}

const pulls = new WeakMap<Engine, Map<keyof PublishedImages, Promise<Pull>>>();

/** Pulls anew. */
function pullOf(engine: Engine, kind: keyof PublishedImages): Promise<Pull> {
  const known = pulls.get(engine) ?? new Map<keyof PublishedImages, Promise<Pull>>();
  pulls.set(engine, known);
  const pull = measurePull(engine, kind);
  known.set(kind, pull);
  return pull;
}

/** The last pull, for the figures about it besides its time. */
function lastPullOf(engine: Engine, kind: keyof PublishedImages): Promise<Pull> {
  return pulls.get(engine)?.get(kind) ?? pullOf(engine, kind);
}

async function measurePull(engine: Engine, kind: keyof PublishedImages): Promise<Pull> {
  const name = (await publishedImages())[kind];
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, engine.memory());
  }, SAMPLE_MILLISECONDS);
  try {
    const milliseconds = await docker(engine.host, ['pull', '-q', name]);
    return { seconds: milliseconds / 1000, peakMegabytes: peak / 1e6 };
  } finally {
    clearInterval(timer);
    await docker(engine.host, ['rmi', '-f', name]).catch(() => {});
  }
}

/** Pushes a loaded image, so that every engine has to compress its layers first. */
async function measurePush(engine: Engine): Promise<number> {
  await using registry = await debianRegistry();
  const name = `${registry.host}/bench/large:latest`;
  await docker(engine.host, ['load', '-q'], { input: largeArchive(LOCAL) });
  await docker(engine.host, ['tag', LOCAL, name]);
  try {
    return (await docker(engine.host, ['push', '-q', name])) / 1000;
  } finally {
    await docker(engine.host, ['rmi', '-f', LOCAL, name]).catch(() => {});
  }
}

const time = (what: string, kind: keyof PublishedImages): Figure => ({
  name: `pull of ${what}`,
  unit: 's',
  target: '0.5 of the best peer',
  engines: ENGINES,
  measure: async (engine) => (await pullOf(engine, kind)).seconds,
});

const memory = (what: string, kind: keyof PublishedImages): Figure => ({
  name: `memory of all engine processes during the pull of ${what}, at most`,
  unit: 'MB',
  target: '150',
  engines: ENGINES,
  measure: async (engine) => (await lastPullOf(engine, kind)).peakMegabytes,
});

export const transferFigures: readonly Figure[] = [
  time('10 layers, 30,000 files, 510 MB', 'gzip'),
  memory('10 layers, 30,000 files, 510 MB', 'gzip'),
  time('10 layers, 30,000 files, 510 MB, with zstd', 'zstd'),
  time('one layer of 2 GB', 'huge'),
  memory('one layer of 2 GB', 'huge'),
  {
    name: 'push of 10 layers, 30,000 files, 510 MB',
    unit: 's',
    target: '1.0 of the best peer',
    engines: ENGINES,
    measure: measurePush,
  },
];
