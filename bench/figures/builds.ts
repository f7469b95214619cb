import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { command } from '../../test/support/command.ts';
import { send } from '../../test/support/send.ts';
import type { Figure } from '../figure.ts';
import { type BuildClient, type BuildContext, inContext, medianOf } from './build-context.ts';

/** Builds of many steps, by the real clients: buildx 0.29, the docker CLI as a client of the classic builder, and `gantry build`. */

const STEPS = 20;
const CACHED_RUNS = 9;

function writeSteps(folder: string): void {
  const steps = Array.from({ length: STEPS }, (_, at) => `RUN echo ${at} >/step-${at}\n`);
  writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\n${steps.join('')}`);
}

/** Seconds of a build without the cache, for each kind of client. */
const cold = (client: BuildClient, target: string): Figure => ({
  name: `build of ${STEPS} RUN steps, cold, ${client}`,
  unit: 's',
  target,
  engines: ['gantry', 'dockerd'],
  measure: (engine) =>
    inContext(engine, async ({ folder, build }) => {
      writeSteps(folder);
      return (await medianOf(3, () => build(client, '--no-cache'))) / 1000;
    }),
});

/** Measures builds that find everything in the cache. */
const cached = (
  name: string,
  target: string,
  clientOf: (kind: string) => BuildClient,
  once: (context: BuildContext, client: BuildClient, host: string) => Promise<number> = ({ build }, client) =>
    build(client),
): Figure => ({
  name,
  unit: 'ms',
  target,
  engines: ['gantry', 'dockerd'],
  measure: (engine) =>
    inContext(engine, async (context) => {
      writeSteps(context.folder);
      const client = clientOf(engine.kind);
      await context.build(client);
      return await medianOf(CACHED_RUNS, () => once(context, client, engine.host));
    }),
});

/** From Solve to its answer, as the engine's history of builds has it. */
async function solveMilliseconds({ build, docker }: BuildContext): Promise<number> {
  await build('buildx');
  const { stdout } = await docker(['buildx', 'history', 'ls', '--format', 'json']);
  const records = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly created_at: string; readonly completed_at: string });
  const last = records.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))[0];
  if (last === undefined) throw new Error('the history has no build');
  return Date.parse(last.completed_at) - Date.parse(last.created_at);
}

/** A request of the classic builder, without a client. */
async function requestMilliseconds({ folder, name }: BuildContext, host: string): Promise<number> {
  const archive = join(folder, '../context.tar');
  await command('tar', ['-C', folder, '-cf', archive, '.']);
  const body = readFileSync(archive);
  const from = performance.now();
  const answer = await send(host.slice('unix://'.length), 'POST', `/build?t=${name}&rm=1`, body);
  if (answer?.status !== 200 || answer.body.includes('errorDetail'))
    throw new Error(`the build failed: ${answer?.body}`);
  return performance.now() - from;
}

/** Milliseconds of processor time of a client and its children, from the shell that ran it. */
async function clientMilliseconds(
  { folder, name }: BuildContext,
  client: 'buildx' | 'classic',
  host: string,
): Promise<number> {
  const config = join(folder, '../config');
  const flags = ['build', '-q', '-t', name, folder];
  const args = client === 'buildx' ? ['buildx', ...flags] : flags;
  const env = {
    ...{ DOCKER_HOST: host, DOCKER_CONFIG: config, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    ...(client === 'classic' ? { DOCKER_BUILDKIT: '0' } : {}),
  };
  const { code, stdout, stderr } = await command(
    'bash',
    ['-c', '"$@" >/dev/null && times', 'bash', 'docker', ...args],
    { env },
  );
  if (code !== 0) throw new Error(`the build ended with ${code}: ${stderr}`);
  const [, children = ''] = stdout.split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, m, s]) => sum + Number(m) * 60_000 + Number(s) * 1000,
    0,
  );
}

export const buildFigures: readonly Figure[] = [
  cold('buildx', '1/4 of dockerd'),
  cold('classic', '1/4 of dockerd'),
  cached('the same, all from the cache, buildx', '0.6 of dockerd', () => 'buildx'),
  cached(
    "buildx' own processor time in it",
    'dockerd',
    () => 'buildx',
    (context, _, host) => clientMilliseconds(context, 'buildx', host),
  ),
  cached("the engine's own share, from Solve to its answer", '60 ms', () => 'buildx', solveMilliseconds),
  cached('the same, all from the cache, classic', 'dockerd', () => 'classic'),
  cached(
    "the classic client's own processor time in it",
    'dockerd',
    () => 'classic',
    (context, _, host) => clientMilliseconds(context, 'classic', host),
  ),
  cached(
    "the engine's own share, from POST /build to its answer",
    '60 ms',
    () => 'classic',
    (context, _, host) => requestMilliseconds(context, host),
  ),
  cached('gantry build, all from the cache, beside buildx on dockerd', '1/3 of dockerd', (kind) =>
    kind === 'gantry' ? 'gantry' : 'buildx',
  ),
];
