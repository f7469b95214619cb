import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findingsOf } from './check.ts';
import { lacksPlugins, pluginConfig } from './client-plugins.ts';
import { command } from './command.ts';
import type { TestEngine } from './engine.ts';
import { killSupervisor } from './kill-supervisor.ts';
import { type Random, seededRandom } from './random.ts';

export interface BuildCampaign {
  readonly kills: number;
  readonly seed: number;
}

const CLIENTS = 3;
const RUN_FLAGS = ['--rm', '--network', 'none'];

/**
 * Kills the daemon, the supervisor or both at random moments of builds by buildx, the classic client and `gantry build`. After each
 * start nothing of the killed builds may be left, all content is sound, what was built before runs, and a build finds in the cache
 * the steps that were done.
 * @throws AssertionError
 */
export async function buildCampaign(engine: TestEngine, { kills, seed }: BuildCampaign): Promise<void> {
  assert.equal(lacksPlugins('new'), false);
  const random = seededRandom(String(seed));
  const home = mkdtempSync(join(tmpdir(), 'gantry-build-campaign-'));
  const clients = { engine, home, config: pluginConfig(home, 'new') };
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const context = `seed ${seed}, kill ${kill}`;
      const done = await buildBefore(clients, kill);
      const stop = new AbortController();
      const working = Array.from({ length: CLIENTS }, (_, client) =>
        work(clients, { random: seededRandom(String(random.integer(2 ** 31))), name: `c${client}` }, stop.signal),
      );
      await delay(200 + random.integer(2500));
      const victim = random.pick(['daemon', 'supervisor', 'both'] as const);
      stop.abort();
      if (victim !== 'daemon') killSupervisor(engine);
      if (victim !== 'supervisor') await engine.kill9();
      const problems = victim === 'supervisor' ? await settledClients(working) : (await Promise.all(working)).flat();
      if (victim !== 'supervisor') await engine.start();
      assert.deepEqual(problems, [], context);
      await assertClean(engine, `${context} (${victim})`);
      await done.isThere(`${context} (${victim})`);
    }
    await engine.api('POST', '/images/prune?filters={"dangling":["false"]}');
    await engine.api('POST', '/build/prune?all=1');
    await assertClean(engine, 'at the end');
    assert.deepEqual(cacheOf(JSON.parse((await engine.api('GET', '/system/df')).body)), []);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

interface Clients {
  readonly engine: TestEngine;
  readonly home: string;
  readonly config: string;
}

function cacheOf({ BuildCache }: { readonly BuildCache: readonly unknown[] | null }): readonly unknown[] {
  return BuildCache ?? [];
}

/** Builds something before a kill. */
async function buildBefore(
  { engine, home }: Clients,
  kill: number,
): Promise<{ isThere(context: string): Promise<void> }> {
  const name = `before-${kill}`;
  const folder = join(home, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), `${kill}`);
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM busybox AS a\nCOPY file /\nRUN cat /proc/sys/kernel/random/uuid >/id\nFROM busybox\nCOPY --from=a /id /file /\nRUN echo >>/id\n',
  );
  const build = (): Promise<string> => engine.ok('gantry', ['build', '-q', '-t', name, folder]);
  const show = (): Promise<string> => engine.ok('gantry', ['run', ...RUN_FLAGS, name, 'cat', '/id', '/file']);
  const [image, content] = [await build(), await show()];
  return {
    async isThere(context) {
      assert.equal(await show(), content, context);
      assert.equal(await build(), image, `${context}: what was done comes from the cache`);
      await engine.ok('gantry', ['rmi', name]);
    },
  };
}

/** Builds until `stop`. Returns what no kill explains. */
async function work(
  clients: Clients,
  { random, name }: { readonly random: Random; readonly name: string },
  stop: AbortSignal,
): Promise<readonly string[]> {
  const folder = join(clients.home, name);
  mkdirSync(folder, { recursive: true });
  const problems: string[] = [];
  while (!stop.aborted) {
    const kind = random.pick(['buildx', 'classic', 'gantry'] as const);
    writeFileSync(join(folder, 'changing'), String(random.integer(1000)));
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(random, kind));
    const { code, stderr } = await build(clients, kind, { name, folder });
    if (code !== 0 && !stop.aborted) problems.push(`${kind} ended with ${code}: ${stderr}`);
  }
  return problems;
}

function dockerfile(random: Random, kind: 'buildx' | 'classic' | 'gantry'): string {
  const unique = random.integer(2 ** 31);
  const mount = kind === 'classic' ? '' : '--mount=type=cache,target=/cache ';
  const large = 'dd if=/dev/zero of=/large bs=1M count=4 2>/dev/null';
  const steps = [
    'COPY . /context/',
    `RUN ${mount}${large} && echo ${unique} >/made`,
    `RUN ${mount}mkdir -p /cache && echo ${unique} >>/cache/log && sleep 0.${random.integer(9)}`,
    'RUN cp -r /context /other && rm -rf /context/changing',
    'ENV A=1',
  ];
  const some = (): string => steps.filter(() => random.next() < 0.7).join('\n') || 'RUN true';
  return `FROM busybox AS one\nCOPY . /context/\n${some()}\nFROM busybox\nCOPY . /context/\nCOPY --from=one /context /one/\n${some()}\n`;
}

function build(
  { engine, config }: Clients,
  kind: 'buildx' | 'classic' | 'gantry',
  { name, folder }: { readonly name: string; readonly folder: string },
): ReturnType<typeof command> {
  const timeoutMs = 120_000;
  if (kind === 'gantry') return engine.gantry(['build', '--progress=plain', '-t', name, folder], { timeoutMs });
  const env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: config };
  return kind === 'buildx'
    ? command('docker', ['buildx', 'build', '--progress=plain', '-t', name, folder], { env, timeoutMs })
    : command('docker', ['build', '-t', name, folder], { env: { ...env, DOCKER_BUILDKIT: '0' }, timeoutMs });
}

/** A build whose supervisor was killed may fail or succeed; it ends. */
async function settledClients(working: readonly Promise<readonly string[]>[]): Promise<readonly string[]> {
  const ends = await Promise.race([Promise.all(working), delay(150_000, undefined, { ref: false })]);
  return ends === undefined ? ['builds did not end after the supervisor was killed'] : [];
}

/** No step, writable, mount or half content is left, and all content is whole. */
async function assertClean(engine: TestEngine, context: string): Promise<void> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < 100; attempt++) {
    left = leftovers(engine);
    if (left.length === 0) break;
    await delay(100);
  }
  assert.deepEqual(left, [], `${context}: nothing of builds is left`);
  const containers = JSON.parse((await engine.api('GET', '/containers/json?all=1')).body) as readonly unknown[];
  assert.deepEqual(containers, [], `${context}: no container of a step is left`);
  assert.deepEqual(await findingsOf(engine), [], context);
}

function leftovers({ dataRoot, execRoot }: TestEngine): readonly string[] {
  const list = (folder: string): readonly string[] => readdirSync(folder).map((name) => `${folder}/${name}`);
  const folders = [
    'content/ingest',
    'content/trash',
    'snapshots/new',
    'snapshots/trash',
    'snapshots/writables',
    'build/classic',
  ];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${dataRoot}/snapshots/writables`) || path.startsWith(`${execRoot}/rootfs`));
  return [...folders.flatMap((folder) => list(join(dataRoot, folder))), ...list(join(execRoot, 'tasks')), ...mounts];
}
