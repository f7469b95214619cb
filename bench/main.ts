// `npm run bench [-- WORD…]`: measures every figure in the README (those whose name contains a WORD), ours beside
// dockerd and podman in the same run, as medians and as a ratio to the best peer. `--no-peers`, `--no-dockerd` and
// `--no-podman` omit peers.
import { busyboxArchive } from '../test/support/busybox-image.ts';
import { type Engine, ours, peer } from './engines.ts';
import type { Figure } from './figure.ts';
import { cliFigures } from './figures/cli.ts';
import { containerFileFigures } from './figures/container-files.ts';
import { imageFigures } from './figures/images.ts';
import { logFigures } from './figures/logs.ts';
import { memoryFigures } from './figures/memory.ts';
import { nameFigures } from './figures/names.ts';
import { registryServerFigures } from './figures/registry-server.ts';
import { runFigures } from './figures/run.ts';
import { transferFigures } from './figures/transfers.ts';
import { docker, waitUntilIdle } from './measure.ts';
import { removePublishedImages } from './published-images.ts';

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const withPeers = !process.argv.includes('--no-peers');
const figures = [
  ...memoryFigures,
  // Before the figures after which an engine's processes free memory: these measure memory too.
  ...transferFigures,
  ...runFigures,
  ...nameFigures,
  ...logFigures,
  ...imageFigures,
  ...containerFileFigures,
  ...registryServerFigures,
  ...cliFigures,
].filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

const show = (value: number | undefined, unit: Figure['unit']): string =>
  value === undefined ? '-' : `${value.toFixed(unit === 's' || unit === 'times' ? 2 : value < 100 ? 1 : 0)} ${unit}`;
async function measureAll(engine: Engine): Promise<ReadonlyMap<Figure, number>> {
  const results = new Map<Figure, number>();
  await docker(engine.host, ['load', '-q'], { input: busyboxArchive() });
  for (const figure of figures) {
    if (figure.engines !== undefined && !figure.engines.includes(engine.name)) continue;
    try {
      await waitUntilIdle();
      const value = await figure.measure(engine);
      results.set(figure, value);
      console.error(`${engine.name}, ${figure.name}: ${show(value, figure.unit)}`);
    } catch (error) {
      console.error(`${engine.name}, ${figure.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return results;
}

const columns: { readonly name: string; readonly results: ReadonlyMap<Figure, number> }[] = [];
{
  await using engine = await ours();
  columns.push({ name: engine.name, results: await measureAll(engine) });
}
if (withPeers)
  for (const name of ['dockerd', 'podman'] as const) {
    if (process.argv.includes(`--no-${name}`)) continue;
    await using engine = await peer(name);
    if (engine !== undefined) columns.push({ name: engine.name, results: await measureAll(engine) });
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

console.log(`| figure | ${columns.map(({ name }) => name).join(' | ')} | ours / best peer | target |`);
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
