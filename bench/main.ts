// `npm run bench [-- WORD…]`: measures every figure in the README (those whose name contains a WORD), ours beside
// dockerd and podman in the same run, as medians and as a ratio to the best peer. `--no-peers`, `--no-dockerd` and
// `--no-podman` omit peers. `--before DIR` measures the engine of another checkout, set up and built, instead of peers.
// `--rounds N` measures each figure N times and shows the medians.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxArchive } from '../test/support/busybox-image.ts';
import { type Engine, ours, peer } from './engines.ts';
import type { Figure } from './figure.ts';
import { buildLoadFigures } from './figures/build-loads.ts';
import { buildFigures } from './figures/builds.ts';
import { cliFigures } from './figures/cli.ts';
import { composeFigures } from './figures/compose.ts';
import { containerFileFigures } from './figures/container-files.ts';
import { imageFigures } from './figures/images.ts';
import { logFigures } from './figures/logs.ts';
import { memoryFigures } from './figures/memory.ts';
import { nameFigures } from './figures/names.ts';
import { networkFigures, networkMemoryFigures } from './figures/networks.ts';
import { registryServerFigures } from './figures/registry-server.ts';
import { runFigures } from './figures/run.ts';
import { transferFigures } from './figures/transfers.ts';
import { docker, median, waitUntilIdle } from './measure.ts';
import { removePublishedImages } from './published-images.ts';

const { values: flags, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    before: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    'no-peers': { type: 'boolean' },
    'no-dockerd': { type: 'boolean' },
    'no-podman': { type: 'boolean' },
  },
});
const figures = [
  ...memoryFigures,
  ...networkMemoryFigures,
  // Before the figures after which an engine's processes free memory: these measure memory too.
  ...transferFigures,
  ...runFigures,
  ...nameFigures,
  ...networkFigures,
  ...logFigures,
  ...imageFigures,
  ...buildFigures,
  ...buildLoadFigures,
  ...composeFigures,
  ...containerFileFigures,
  ...registryServerFigures,
  ...cliFigures,
].filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

const show = (value: number | undefined, unit: Figure['unit']): string =>
  value === undefined ? '-' : `${value.toFixed(unit === 's' || unit === 'times' ? 2 : value < 100 ? 1 : 0)} ${unit}`;
/** Measures the figures one after the other; each on every engine in turn, so that a busy moment affects all of them. */
async function measureAll(engines: readonly Engine[], rounds: number): Promise<readonly Column[]> {
  for (const { host } of engines) await docker(host, ['load', '-q'], { input: busyboxArchive() });
  const columns = engines.map(({ name }) => ({ name, results: new Map<Figure, number>() }));
  for (const figure of figures) {
    const values = engines.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [at, engine] of engines.entries()) values[at]?.push(...(await measured(figure, engine)));
    }
    for (const [at, { results }] of columns.entries()) {
      if (values[at] !== undefined && values[at].length > 0) results.set(figure, median(values[at]));
    }
  }
  return columns;
}

/** One measurement. Empty for a figure that the engine does not have, or that failed. */
async function measured(figure: Figure, engine: Engine): Promise<readonly number[]> {
  if (figure.engines !== undefined && !figure.engines.includes(engine.kind)) return [];
  try {
    await waitUntilIdle();
    const value = await figure.measure(engine);
    console.error(`${engine.name}, ${figure.name}: ${show(value, figure.unit)}`);
    return [value];
  } catch (error) {
    console.error(`${engine.name}, ${figure.name}: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

interface Column {
  readonly name: string;
  readonly results: ReadonlyMap<Figure, number>;
}

const rounds = Number(flags.rounds);
const columns: Column[] = [];
{
  await using engine = await ours();
  await using before = flags.before === undefined ? undefined : await ours('before', resolve(flags.before));
  columns.push(...(await measureAll(before === undefined ? [engine] : [engine, before], rounds)));
}
// Peers run alone: some take the host's networks for themselves.
for (const name of ['dockerd', 'podman'] as const) {
  if (flags['no-peers'] === true || flags.before !== undefined || flags[`no-${name}`] === true) continue;
  await using engine = await peer(name);
  if (engine !== undefined) columns.push(...(await measureAll([engine], rounds)));
}
await removePublishedImages();

/** The target on this machine, scaled by the peer that slows down least. Unscaled without peers. */
function targetHere(figure: Figure): string {
  const { reference, unit, target } = figure;
  const by =
    reference !== undefined && 'like' in reference ? figures.find(({ name }) => name === reference.like) : figure;
  const known = by?.reference;
  if (by === undefined || known === undefined || 'like' in known) return target;
  const slowness = columns.flatMap(({ name, results }) => {
    const [here, there] = [results.get(by), (known as Readonly<Record<string, number>>)[name]];
    if (here === undefined || there === undefined) return [];
    return [by.unit === 'per s' ? there / here : here / there];
  });
  const least = Math.max(1, Math.min(...slowness));
  if (slowness.length === 0) return target;
  const scaled = unit === 'per s' ? Number.parseFloat(target) / least : Number.parseFloat(target) * least;
  return `${target}; here ${show(scaled, unit)}`;
}

console.log(
  `| figure | ${columns.map(({ name }) => name).join(' | ')} | ours / ${flags.before === undefined ? 'best peer' : 'before'} | target |`,
);
console.log(`| --- |${' --- |'.repeat(columns.length + 2)}`);
for (const figure of figures) {
  const values = columns.map(({ results }) => results.get(figure));
  const peers = values.slice(1).filter((value) => value !== undefined);
  const best = figure.unit === 'per s' ? Math.max(...peers) : Math.min(...peers);
  const ratio = values[0] === undefined || peers.length === 0 ? '-' : (values[0] / best).toFixed(2);
  console.log(
    `| ${figure.name} | ${values.map((value) => show(value, figure.unit)).join(' | ')} | ${ratio} | ${targetHere(figure)} |`,
  );
}
