import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { imageArchive, tarArchive } from '../support/busybox-image.ts';
import type { TestEngine } from '../support/engine.ts';
import { type FaultyRegistry, faultyRegistry } from '../support/faulty-registry.ts';
import { eventually } from '../support/fixture.ts';

/** What a release reported of its objects. Documents are as the API returned them. */
export interface Expected {
  /** The architecture of the images' program, in Node's terms. */
  readonly architecture: string;
  readonly containers: readonly Record<string, unknown>[];
  readonly images: readonly Record<string, unknown>[];
  readonly volumes: readonly Record<string, unknown>[];
  /** The output of `logs` of each container, stdout and stderr together, by name. */
  readonly logs: Readonly<Record<string, string>>;
  /** Changes of each container's files, by name. */
  readonly changes: Readonly<Record<string, unknown>>;
  /** Digest of `team/own:1` in the engine's own registry. */
  readonly ownManifest: string;
}

/**
 * Fills an engine, whose own registry is at `registry`, with an object of each kind. Ends while an image is being
 * pulled: cut the power then.
 */
export async function fill(engine: TestEngine, tiny: Buffer, registry: string): Promise<Expected> {
  await loadImages(engine, tiny);
  await pullOne(engine);
  const ownManifest = await pushToOwnRegistry(engine, registry);
  await makeContainers(engine);
  const described = await describe(engine);
  await beginPull(engine);
  return { ...described, ownManifest, architecture: process.arch };
}

async function loadImages(engine: TestEngine, tiny: Buffer): Promise<void> {
  const base = tarArchive([
    { name: 'tiny', content: tiny, mode: 0o755 },
    { name: 'etc', type: 'directory' },
    { name: 'etc/passwd', content: 'root:x:0:0:root:/root:/tiny\nuser:x:1000:1000::/home:/tiny\n' },
    { name: 'gone', content: 'the second layer deletes it' },
    { name: 'opaque', type: 'directory' },
    { name: 'opaque/hidden', content: 'the second layer hides it' },
    { name: 'linked', type: 'symlink', target: 'etc/passwd' },
    { name: 'data', type: 'directory', mode: 0o750, uid: 1000, gid: 1000 },
    { name: 'data/from-image', content: 'copied up\n', uid: 1000, gid: 1000 },
  ]);
  const upper = tarArchive([
    { name: '.wh.gone' },
    { name: 'opaque', type: 'directory' },
    { name: 'opaque/.wh..wh..opq' },
    { name: 'opaque/shown', content: 'of the second layer' },
  ]);
  const config = { Entrypoint: ['/tiny'], Cmd: ['wait'], Env: ['PATH=/'], Labels: { of: 'tiny' } };
  await engine.ok('gantry', ['load', '-q'], {
    input: imageArchive({ tags: ['tiny:1', 'tiny:latest'], layers: [base, upper], config }),
  });
  await engine.ok('gantry', ['load', '-q'], {
    input: imageArchive({ tags: ['untagged:1'], layers: [base], config: { ...config, User: 'user' } }),
  });
}

/** Pulls an image with a digest of its registry. */
async function pullOne(engine: TestEngine): Promise<void> {
  await using registry = await faultyRegistry();
  registry.publish('team/pulled', '1', [tarArchive([{ name: 'file', content: 'pulled' }])]);
  await engine.ok('gantry', ['pull', '-q', `${registry.host}/team/pulled:1`]);
}

const CUT_SHORT = 'team/cut';

/** Always the same bytes: the part that an earlier release has received is the beginning of what is served today. */
export function publishCutShort(registry: FaultyRegistry): string {
  const layer = tarArchive([{ name: 'zeros', content: Buffer.alloc(2 << 20) }]);
  registry.publish(CUT_SHORT, '1', [layer], { compress: (bytes) => gzipSync(bytes, { level: 0 }) });
  return `${registry.host}/${CUT_SHORT}:1`;
}

/** Resolves when a part of the layer is on the disk. The registry stays until the engine has ended. */
async function beginPull(engine: TestEngine): Promise<void> {
  const registry = await faultyRegistry();
  const name = publishCutShort(registry);
  registry.slow = { chunkBytes: 1 << 18, delayMs: 3000 };
  void engine.gantry(['pull', '-q', name]).then(() => registry[Symbol.asyncDispose]());
  const ingest = join(engine.dataRoot, 'content/ingest');
  await eventually(async () =>
    assert.ok(
      readdirSync(ingest).some((file) => statSync(join(ingest, file)).size > 0),
      'a part of the layer is there',
    ),
  );
}

/** Pushes content to the engine's own registry that no image of the engine has: a manifest and blobs. */
async function pushToOwnRegistry(engine: TestEngine, registry: string): Promise<string> {
  const layer = tarArchive([{ name: 'pushed', content: 'to the engine' }]);
  const name = `${registry}/team/own:1`;
  await engine.ok('gantry', ['load', '-q'], { input: imageArchive({ tags: [name], layers: [layer], config: {} }) });
  await engine.ok('gantry', ['push', '-q', name]);
  await engine.ok('gantry', ['rmi', name]);
  const manifest = await fetch(`http://${registry}/v2/team/own/manifests/1`);
  assert.equal(manifest.status, 200, await manifest.text());
  return manifest.headers.get('docker-content-digest') ?? '';
}

/** Options of `run`, image and command of each container, by name. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  web: [
    ...['--restart=always', '-p', '127.0.0.1::80', '-v', 'data:/data', '--tmpfs', '/scratch', '-h', 'webhost'],
    ...['-e', 'SET=1', '-l', 'a=b', '-m', '64m', 'tiny:1', 'print', 'begins', 'write', '/data/web', 'written by web'],
    ...['write', '/scratch/file', 'x', 'write', '/own', 'in the writable layer', 'serve', '80', 'served by web'],
  ],
  joined: ['--restart=always', '--network=container:web', 'tiny:1', 'print', 'joined', 'wait'],
  linked: ['--restart=unless-stopped', '--link', 'web:alias', 'tiny:1', 'read', '/etc/hosts', 'wait'],
  sharing: ['--restart=always', '--volumes-from', 'web:ro', 'tiny:1', 'read', '/data/web', 'wait'],
  retries: ['--restart=on-failure:500', 'tiny:1', 'print', 'fails', 'exit', '3'],
  paused: ['--restart=always', 'tiny:1', 'wait'],
  removed: ['--rm', 'tiny:1', 'wait'],
  plain: ['-v', '/anonymous', 'tiny:1', 'write', '/anonymous/file', 'kept', 'wait'],
  stopped: ['--restart=unless-stopped', 'tiny:1', 'wait'],
  done: ['tiny:1', 'print', 'to stdout', 'complain', 'to stderr', 'write', '/own', 'kept', 'exit', '7'],
  terminal: ['-t', '-u', 'user', '--log-opt', 'max-size=1m', 'tiny:1', 'print', 'on a terminal', 'exit', '0'],
  orphan: ['untagged:1', 'print', 'its image has no name'],
};

async function makeContainers(engine: TestEngine): Promise<void> {
  const ok = (...args: string[]): Promise<string> => engine.ok('gantry', args);
  await ok('volume', 'create', '--label', 'kind=named', 'data');
  await ok('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', 'o=size=1m', 'in-memory');
  for (const [name, args] of Object.entries(CONTAINERS)) await ok('run', '-d', '--name', name, ...args);
  await runChecked(engine);
  await ok('create', '--name', 'first-name', '-v', '/empty', '-v', 'in-memory:/memory', 'tiny:1', 'print', 'starts');
  await ok('rename', 'first-name', 'fresh');
  await ok('update', '-m', '32m', '--memory-swap', '64m', 'fresh');
  await ok('pause', 'paused');
  await ok('stop', 'stopped');
  await ok('wait', 'done', 'terminal', 'orphan');
  await ok('rmi', '-f', 'untagged:1');
  await ok('commit', '-m', 'of done', 'done', 'committed:1');
  await ok('exec', '-d', 'web', '/tiny', 'wait');
}

/** A health check without a shell, which the command line cannot express. */
async function runChecked(engine: TestEngine): Promise<void> {
  const created = await engine.api('POST', '/containers/create?name=checked', {
    Image: 'tiny:1',
    Cmd: ['wait'],
    Healthcheck: { Test: ['CMD', '/tiny', 'print', 'healthy'], Interval: 1e9 },
    HostConfig: { RestartPolicy: { Name: 'always' } },
  });
  assert.equal(created.status, 201, created.body);
  assert.equal((await engine.api('POST', '/containers/checked/start')).status, 204);
  await eventually(async () =>
    assert.match((await engine.api('GET', '/containers/checked/json')).body, /"Status":"healthy"/),
  );
}

async function describe(engine: TestEngine): Promise<Omit<Expected, 'ownManifest' | 'architecture'>> {
  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await engine.api('GET', path);
    assert.equal(status, 200, `${path}: ${body}`);
    return JSON.parse(body) as T;
  };
  type Named = { readonly Id: string; readonly Names: readonly string[] };
  const listed = await get<readonly Named[]>('/containers/json?all=1');
  const images = await get<readonly Named[]>('/images/json?all=1');
  const logs: Record<string, string> = {};
  const changes: Record<string, unknown> = {};
  for (const { Id, Names } of listed) {
    const name = Names[0]?.slice(1) ?? '';
    const { stdout, stderr } = await engine.gantry(['logs', name]);
    logs[name] = stdout + stderr;
    changes[name] = await get(`/containers/${Id}/changes`);
  }
  return {
    containers: await Promise.all(listed.map(({ Id }) => get<Record<string, unknown>>(`/containers/${Id}/json`))),
    images: await Promise.all(images.map(({ Id }) => get<Record<string, unknown>>(`/images/${Id}/json`))),
    volumes: (await get<{ readonly Volumes: Record<string, unknown>[] }>('/volumes')).Volumes,
    logs,
    changes,
  };
}
