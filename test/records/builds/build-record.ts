import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PluginAge, pluginConfig } from '../../support/client-plugins.ts';
import { command } from '../../support/command.ts';
import { listArchive, readArchive } from './archive-listing.ts';
import { type BuildCase, writeCase } from './build-case.ts';

const GANTRY = fileURLToPath(new URL('../../../bin/gantry', import.meta.url));

/** An engine to build on, by its unix socket. It has busybox:latest. */
export interface BuildEngine {
  readonly socket: string;
  readonly age?: PluginAge;
  /** The client. Default: buildx. */
  readonly client?: 'buildx' | 'gantry';
}

/**
 * Runs a build by a client of BuildKit's protocol and describes the outcome, without what differs between two runs: the exit code, the steps, for a
 * failure what was printed about it, and for an image its configuration, history and files.
 */
export async function recordBuild(build: BuildCase, engine: BuildEngine): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-build-'));
  counter += 1;
  const name = `rec-build-${process.pid}-${counter}`;
  try {
    const dir = join(folder, 'context');
    mkdirSync(dir);
    writeCase(build, dir);
    const { code, stderr } = await runBuild(build, { engine, folder, dir, name });
    const shown = neutral(stderr, folder);
    const lines = [`exit ${code}`, ...stepsOf(shown), ...warningsOf(shown)];
    if (code !== 0) return [...lines, ...failureOf(shown)].join('\n');
    return [...lines, ...(await describeImage(engine.socket, name))].join('\n');
  } finally {
    await api(engine.socket, 'DELETE', `/images/${name}?force=1`);
    rmSync(folder, { recursive: true });
  }
}
let counter = 0;

async function runBuild(
  { args }: BuildCase,
  { engine, folder, dir, name }: { engine: BuildEngine; folder: string; dir: string; name: string },
): Promise<{ readonly code: number; readonly stderr: string }> {
  const given = args.map((arg) => arg.replaceAll('{dir}', dir));
  const split = given.indexOf('--');
  const [options, context] = split < 0 ? [given, dir] : [given.slice(0, split), given[split + 1] ?? dir];
  const common = ['build', '--progress=plain', '--provenance=false', '-t', name];
  const env = {
    DOCKER_HOST: `unix://${engine.socket}`,
    DOCKER_CONFIG: pluginConfig(folder, engine.age ?? 'new'),
    SSH_AUTH_SOCK: '',
    SOURCE_DATE_EPOCH: '',
    BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
    NO_COLOR: '1',
  };
  const [file, ...first] = engine.client === 'gantry' ? [GANTRY] : ['docker', 'buildx'];
  return await command(file, [...first, ...common, ...options, context], { env, cwd: dir, timeoutMs: 120_000 });
}

/**
 * Steps that only some engines show, or that another failure may come before; and bases: one that several builds use at
 * the same time has the name that it has in one of them.
 */
const OF_SOME = /^\[internal\] load (?:metadata|\.dockerignore)|^\[auth\]|^\[[^\]]*\] FROM /;

/** Names of the steps. */
function stepsOf(text: string): readonly string[] {
  const steps = new Set<string>();
  for (const [, step = ''] of text.matchAll(/^#\d+ (\[.*)$/gm)) steps.add(step);
  return [...steps]
    .filter((step) => !OF_SOME.test(step))
    .sort()
    .map((step) => `step ${step}`);
}

function warningsOf(text: string): readonly string[] {
  const [, list = ''] = /^ \d+ warnings? found[^\n]*\n((?: - .*\n?)+)/m.exec(text) ?? [];
  return list
    .split('\n')
    .filter(Boolean)
    .sort()
    .map((line) => `warning${line}`);
}

/** What is printed at the end about a failure: the log's tail, the place in the Dockerfile, the message. */
function failureOf(text: string): readonly string[] {
  const lines = text.split('\n');
  const start = lines.findIndex(
    (line) => line === '------' || /^(?:Dockerfile|\S+):\d+$/.test(line) || line.startsWith('ERROR: '),
  );
  return lines
    .slice(Math.max(start, 0))
    .filter((line) => line !== '' && !line.startsWith('View build details') && !line.startsWith('#'));
}

/** Replaces what differs between two runs. */
function neutral(text: string, folder: string): string {
  return (
    text
      .replaceAll(`${folder}/context`, '<context>')
      .replaceAll(folder, '<folder>')
      .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
      .replaceAll(/^(#\d+) \d+\.\d+ /gm, '$1 ')
      .replaceAll(/^( > .*:)\n?/gm, '$1\n')
      .replaceAll(/^\d+\.\d+ /gm, '')
      // busybox writes it by itself, and a client may show it as a line of its own.
      .replaceAll(/^\/bin\/sh: ?/gm, '')
      .replaceAll(/checksum of ref \S+: /g, 'checksum of ref <ref>: ')
      .replaceAll(/\/\S*\/merged(?=\/)/g, '')
      .replaceAll(/ on [\d.]+:53: no such host/g, ': no such host')
  );
}

async function describeImage(socket: string, name: string): Promise<readonly string[]> {
  const shown = JSON.parse((await api(socket, 'GET', `/images/${name}/json`)).toString()) as {
    readonly RootFS?: { readonly Layers?: readonly string[] | null };
    readonly Config?: { readonly Labels?: unknown };
  };
  if (shown.RootFS === undefined) return ['no image'];
  // dockerd does not save an image without layers.
  if ((shown.RootFS.Layers ?? []).length === 0) return [`labels ${sorted(shown.Config?.Labels)}`, 'layers 0'];
  const saved = readArchive(await api(socket, 'GET', `/images/${name}/get`));
  const [manifest] = JSON.parse(saved.get('manifest.json')?.toString() ?? '[]') as readonly {
    readonly Config: string;
  }[];
  const {
    created: _created,
    history,
    rootfs,
    ...config
  } = JSON.parse(saved.get(manifest?.Config ?? '')?.toString() ?? '{}') as {
    readonly created: unknown;
    readonly history?: readonly Readonly<Record<string, unknown>>[] | null;
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  const steps = (history ?? []).map(({ created: _time, ...step }) => `history ${sorted(step)}`);
  const tree = await filesOf(socket, name);
  return [`config ${sorted(config)}`, ...steps, `layers ${rootfs.diff_ids.length}`, ...tree];
}

/** The files of an image, without those that busybox has too. */
async function filesOf(socket: string, name: string): Promise<readonly string[]> {
  const base = await baseOf(socket);
  const files = listArchive(await exported(socket, name));
  const added = [...files].filter(([path, line]) => base.get(path) !== line).map(([, line]) => `file ${line}`);
  const isOnBase = files.has('bin/busybox');
  const gone = isOnBase ? [...base.keys()].filter((path) => !files.has(path)).map((path) => `gone ${path}`) : [];
  return [...added, ...gone];
}

const bases = new Map<string, ReadonlyMap<string, string>>();

async function baseOf(socket: string): Promise<ReadonlyMap<string, string>> {
  const known = bases.get(socket) ?? listArchive(await exported(socket, 'busybox'));
  bases.set(socket, known);
  return known;
}

async function exported(socket: string, image: string): Promise<Buffer> {
  const body = JSON.stringify({ Image: image, Cmd: ['x'], Entrypoint: null });
  const { Id } = JSON.parse((await api(socket, 'POST', '/containers/create', body)).toString()) as { Id: string };
  try {
    return await api(socket, 'GET', `/containers/${Id}/export`);
  } finally {
    await api(socket, 'DELETE', `/containers/${Id}?force=1&v=1`);
  }
}

/** JSON with sorted keys. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

function api(socketPath: string, method: string, path: string, body?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const sent = request({ socketPath, method, path: `/v1.51${path}`, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => resolve(Buffer.concat(chunks)));
    });
    sent.on('error', reject).end(body);
  });
}

/** The blocks of a record by the name of their build. */
export function readRecord(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split(/^=== /m)
      .slice(1)
      .map((block) => {
        const end = block.indexOf('\n');
        return [block.slice(0, end), block.slice(end + 1).trimEnd()];
      }),
  );
}

/** Runs builds, some at a time. Returns the outcomes in the order of the builds. */
export async function recordBuilds(
  builds: readonly BuildCase[],
  engine: BuildEngine,
  parallel = 3,
): Promise<ReadonlyMap<string, string>> {
  const outcomes = new Map<string, string>(builds.map(({ name }) => [name, '']));
  const left = [...builds];
  const work = async (): Promise<void> => {
    for (let build = left.shift(); build !== undefined; build = left.shift()) {
      outcomes.set(build.name, await recordBuild(build, engine));
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return outcomes;
}

export function writeRecord(outcomes: ReadonlyMap<string, string>): string {
  return [...outcomes].map(([name, outcome]) => `=== ${name}\n${outcome}\n`).join('');
}
