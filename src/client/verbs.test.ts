import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readContainerArchive, statContainerPath, writeContainerArchive } from './container-files.ts';
import * as streams from './container-streams.ts';
import * as containers from './containers.ts';
import type { Engine, EngineRequest } from './engine-client.ts';
import * as execs from './exec.ts';
import * as transfers from './image-transfers.ts';
import * as images from './images.ts';
import * as networks from './networks.ts';
import * as system from './system.ts';
import * as volumes from './volumes.ts';

interface Operation {
  readonly query: readonly string[];
  readonly headers: readonly string[];
  readonly body: boolean;
}

/** Docker's operations (tools/contract-facts.mjs). */
const logOptions = { since: '1', until: '2', timestamps: true, follow: true, details: true, tail: '3' };
const CONTRACT: Record<string, Operation> = JSON.parse(
  readFileSync(new URL('../../test/contract/engine-api.json', import.meta.url), 'utf8'),
);
/** Parameters that engines accept although the contract does not name them. */
const BEYOND: Readonly<Record<string, readonly string[]>> = {
  'POST /containers/{id}/start': ['checkpoint', 'checkpoint-dir'],
  'GET /containers/{id}/logs': ['details'],
  'GET /images/search': ['X-Registry-Auth'],
  'GET /distribution/{name}/json': ['X-Registry-Auth'],
};

/** An engine that returns the same response for every request, and records the requests. */
function recorder(answer = '{}'): { readonly engine: Engine; readonly asked: EngineRequest[] } {
  const asked: EngineRequest[] = [];
  const stat = Buffer.from(JSON.stringify({ mode: 0x80000000, linkTarget: '' })).toString('base64');
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(answer);
  }
  const engine: Engine = {
    async request(request) {
      asked.push(request);
      const headers = { 'content-type': 'application/json', 'x-docker-container-path-stat': stat };
      return { status: 200, headers, body: body(), text: async () => answer };
    },
    async json(request) {
      asked.push(request);
      return JSON.parse(answer);
    },
    async send(request) {
      asked.push(request);
      return true;
    },
    async hijack(request) {
      asked.push(request);
      return { socket: new PassThrough() as never, contentType: '' };
    },
  };
  return { engine, asked };
}

const file = { container: 'web', path: '/etc' };
const size = { rows: 24, columns: 80 };
const archive = (async function* () {})();
const login = { username: 'ann', serveraddress: 'r', password: 'p' };

/** Every verb with every option, and its operation. */
const VERBS: readonly (readonly [string, (engine: Engine) => Promise<unknown>])[] = [
  [
    'GET /containers/json',
    (e) => containers.listContainers(e, { all: true, limit: 2, size: true, filters: { name: ['a'] } }),
  ],
  ['GET /containers/{id}/json', (e) => containers.inspectContainer(e, 'web')],
  ['GET /containers/{id}/json', (e) => containers.inspectContainerText(e, 'web', { size: true })],
  [
    'POST /containers/create',
    (e) => containers.createContainer(e, { Image: 'a' }, { name: 'web', platform: 'linux/arm64' }),
  ],
  ['POST /containers/{id}/start', (e) => containers.startContainer(e, 'web', { checkpoint: 'c', checkpointDir: '/c' })],
  ['POST /containers/{id}/stop', (e) => containers.stopContainer(e, 'web', { timeoutSeconds: 0, signal: 'HUP' })],
  ['POST /containers/{id}/restart', (e) => containers.restartContainer(e, 'web', { timeoutSeconds: 3, signal: 'HUP' })],
  ['POST /containers/{id}/kill', (e) => containers.killContainer(e, 'web', 'HUP')],
  ['POST /containers/{id}/pause', (e) => containers.pauseContainer(e, 'web')],
  ['POST /containers/{id}/unpause', (e) => containers.unpauseContainer(e, 'web')],
  ['POST /containers/{id}/rename', (e) => containers.renameContainer(e, 'web', 'shop')],
  ['POST /containers/{id}/update', (e) => containers.updateContainer(e, 'web', { Memory: 1 })],
  ['DELETE /containers/{id}', (e) => containers.removeContainer(e, 'web', { force: true, link: true, volumes: true })],
  ['POST /containers/prune', (e) => containers.pruneContainers(e, { until: ['1h'] })],
  ['GET /containers/{id}/changes', (e) => containers.containerChanges(e, 'web')],
  ['GET /containers/{id}/top', (e) => containers.containerProcesses(e, 'web', 'aux')],
  [
    'POST /commit',
    (e) =>
      containers.commitContainer(e, 'web', {
        ...{ repository: 'a', tag: 'b', comment: 'c', author: 'd', changes: ['CMD x'], pause: false },
      }),
  ],
  [
    'POST /containers/{id}/attach',
    (e) => streams.attachContainer(e, 'web', { stdin: true, stdout: true, stderr: true, detachKeys: 'a' }),
  ],
  ['POST /containers/{id}/resize', (e) => streams.resizeContainer(e, 'web', size)],
  ['GET /containers/{id}/logs', (e) => streams.containerLogs(e, 'web', logOptions)],
  ['GET /containers/{id}/logs', (e) => streams.openContainerLogs(e, 'web', logOptions)],
  ['GET /containers/{id}/stats', (e) => streams.containerStats(e, 'web')],
  ['GET /containers/{id}/stats', (e) => streams.watchContainerStats(e, 'web')],
  ['GET /containers/{id}/export', (e) => streams.exportContainer(e, 'web')],
  ['POST /containers/{id}/wait', (e) => streams.waitContainer(e, 'web', 'removed')],
  ['HEAD /containers/{id}/archive', (e) => statContainerPath(e, file)],
  ['GET /containers/{id}/archive', (e) => readContainerArchive(e, file)],
  ['PUT /containers/{id}/archive', (e) => writeContainerArchive(e, file, { archive, ownedByUser: true })],
  ['POST /containers/{id}/exec', (e) => execs.createExec(e, 'web', { Cmd: ['ls'] })],
  ['POST /exec/{id}/start', (e) => execs.startExec(e, 'x', { tty: true, consoleSize: [24, 80] })],
  ['POST /exec/{id}/start', (e) => execs.startExecDetached(e, 'x', { tty: false })],
  ['POST /exec/{id}/resize', (e) => execs.resizeExec(e, 'x', size)],
  ['GET /exec/{id}/json', (e) => execs.inspectExec(e, 'x')],
  ['GET /images/json', (e) => images.listImages(e, { all: true, manifests: true, filters: { dangling: ['true'] } })],
  ['GET /images/{name}/json', (e) => images.inspectImageText(e, 'a/b:c', { os: 'linux', architecture: 'arm64' })],
  ['GET /images/{name}/history', (e) => images.imageHistory(e, 'a', { os: 'linux', architecture: 'arm64' })],
  ['GET /distribution/{name}/json', (e) => images.inspectDistribution(e, 'a/b:c', 'auth')],
  ['POST /images/{name}/tag', (e) => images.tagImage(e, 'a', { repository: 'b', tag: 'c' })],
  [
    'DELETE /images/{name}',
    (e) =>
      images.removeImage(e, 'a', { force: true, keepParents: true, platforms: [{ os: 'linux', architecture: 'arm' }] }),
  ],
  ['POST /images/prune', (e) => images.pruneImages(e, { dangling: ['false'] })],
  [
    'GET /images/search',
    (e) => images.searchImages(e, 'nginx', { limit: 3, filters: { stars: ['3'] }, registryAuth: 'e30=' }),
  ],
  [
    'POST /images/create',
    (e) => transfers.pullImage(e, { repository: 'a', tag: 'b', platform: 'linux', registryAuth: 'e30=' }),
  ],
  [
    'POST /images/create',
    (e) =>
      transfers.importImage(e, {
        ...{ source: archive, repository: 'a', message: 'm', changes: ['CMD x'], platform: 'linux' },
      }),
  ],
  [
    'POST /images/{name}/push',
    (e) =>
      transfers.pushImage(e, {
        repository: 'r/a',
        tag: 'b',
        platform: { os: 'linux', architecture: 'arm' },
        registryAuth: 'e30=',
      }),
  ],
  [
    'POST /images/load',
    (e) => transfers.loadImages(e, archive, { quiet: true, platforms: [{ os: 'linux', architecture: 'arm' }] }),
  ],
  [
    'GET /images/get',
    (e) => transfers.saveImages(e, ['a', 'b'], { platforms: [{ os: 'linux', architecture: 'arm' }] }),
  ],
  ['GET /networks', (e) => networks.listNetworks(e, { driver: ['bridge'] })],
  ['GET /networks/{id}', (e) => networks.inspectNetworkText(e, 'net', { verbose: true })],
  ['POST /networks/create', (e) => networks.createNetwork(e, { Name: 'net' })],
  ['POST /networks/{id}/connect', (e) => networks.connectNetwork(e, 'net', { container: 'web', endpoint: {} })],
  ['POST /networks/{id}/disconnect', (e) => networks.disconnectNetwork(e, 'net', { container: 'web', force: true })],
  ['DELETE /networks/{id}', (e) => networks.removeNetwork(e, 'net')],
  ['POST /networks/prune', (e) => networks.pruneNetworks(e, { until: ['1h'] })],
  ['GET /volumes', (e) => volumes.listVolumes(e, { name: ['a'] })],
  ['GET /volumes/{name}', (e) => volumes.inspectVolume(e, 'data')],
  ['GET /volumes/{name}', (e) => volumes.inspectVolumeText(e, 'data')],
  ['POST /volumes/create', (e) => volumes.createVolume(e, { Name: 'data' })],
  ['DELETE /volumes/{name}', (e) => volumes.removeVolume(e, 'data', { force: true })],
  ['POST /volumes/prune', (e) => volumes.pruneVolumes(e, { all: ['true'] })],
  ['GET /version', (e) => system.engineVersion(e)],
  ['GET /info', (e) => system.engineInfo(e)],
  ['GET /services/{id}', (e) => system.inspectClusterObjectText(e, 'service', 'web')],
  ['GET /plugins/{name}/json', (e) => system.inspectClusterObjectText(e, 'plugin', 'a/b')],
  ['GET /system/df', (e) => system.diskUsage(e)],
  ['GET /events', (e) => system.watchEvents(e, { since: '1', until: '2', filters: { type: ['container'] } })],
  ['POST /build/prune', (e) => system.pruneBuildCache(e, { all: true })],
  ['POST /auth', (e) => system.checkLogin(e, login)],
];

function matches(operation: string, { method, path }: EngineRequest): boolean {
  const [wanted = '', pattern = ''] = operation.split(' ');
  return method === wanted && new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '.+')}$`).test(path);
}

test('every verb asks for the operation of the contract, with parameters that the contract knows', async () => {
  for (const [operation, verb] of VERBS) {
    const { engine, asked } = recorder();
    await verb(engine);
    const contract = CONTRACT[operation];
    const [request] = asked;
    assert.ok(contract !== undefined && request !== undefined && asked.length === 1, operation);
    assert.ok(matches(operation, request), `${operation}: ${request.method} ${request.path}`);
    const known = new Set([...contract.query, ...(BEYOND[operation] ?? [])]);
    for (const key of Object.keys(request.query ?? {})) assert.ok(known.has(key), `${operation}: query ${key}`);
    for (const [key, value] of Object.entries(request.query ?? {}))
      assert.notEqual(value, undefined, `${operation} ${key}`);
    const hasBody = request.json !== undefined || request.stream !== undefined;
    assert.ok(!hasBody || contract.body, `${operation} takes no body`);
    const sent = Object.keys(request.headers ?? {}).filter((name) => name !== 'Content-Type');
    const knownHeaders = new Set([...contract.headers, ...(BEYOND[operation] ?? [])]);
    for (const name of sent) assert.ok(knownHeaders.has(name), `${operation}: header ${name}`);
  }
});

test('every function of these files is tried', () => {
  const exported = [containers, streams, execs, transfers, images, networks, system, volumes].flatMap((module) =>
    Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
  );
  const source = VERBS.map(([, verb]) => String(verb)).join('\n');
  const untried = exported.filter((name) => !source.includes(`${name}(`));
  assert.deepEqual(untried, ['containerPath', 'imagePath', 'platformQuery', 'checkSystem']);
});

test('options that are not given are not sent', async () => {
  const { engine, asked } = recorder('[]');
  await containers.listContainers(engine);
  await containers.stopContainer(engine, 'a b/c');
  await images.removeImage(engine, 'a');
  const given = (query: EngineRequest['query']) => JSON.parse(JSON.stringify(query ?? {}));
  assert.deepEqual(
    asked.map(({ query }) => given(query)),
    [{}, {}, { platforms: [] }],
  );
  assert.equal(asked[1]?.path, '/containers/a%20b/c/stop');
});

test('filters are an object of sets; a key that objects have by themselves is a key like any other', async () => {
  const { engine, asked } = recorder('[]');
  const filters: Record<string, string[]> = { label: ['a=b', 'c'], constructor: ['x'] };
  await images.listImages(engine, { filters });
  assert.equal(asked[0]?.query?.['filters'], '{"label":{"a=b":true,"c":true},"constructor":{"x":true}}');
});

test('a wait resolves once it is taken, and its inner promise with the code or the engine’s reason', async () => {
  const waited = async (answer: string) =>
    (await streams.waitContainer(recorder(answer).engine, 'web', 'next-exit')).exitCode;
  assert.equal(await waited('{"StatusCode":3}'), 3);
  await assert.rejects(waited('{"StatusCode":0,"Error":{"Message":"gone"}}'), /Error waiting for container: gone/);
  await assert.rejects(waited(''), { kind: 'unavailable' });
});
