import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { tarArchive } from '../support/busybox-image.ts';
import { findingsOf } from '../support/check.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { type FaultyRegistry, faultyRegistry } from '../support/faulty-registry.ts';
import { eventually, loadBusybox } from '../support/fixture.ts';
import { type FullDisk, makeFullDisk } from '../support/full-disk.ts';

// A cache in a registry whose blobs are not what its documents say, found only when a step needs them. The engine is on a small disk,
// which a bomb fills.
const DISK_MEGABYTES = 64;
const BOMB_MEGABYTES = 500;
const RSS_MEGABYTES = 350;

let disk: FullDisk;
let engine: TestEngine;
let registry: FaultyRegistry;
let folder: string;
before(async () => {
  disk = makeFullDisk(DISK_MEGABYTES);
  engine = await startEngine({ dataRoot: join(disk.path, 'data') });
  registry = await faultyRegistry();
  folder = mkdtempSync(join(tmpdir(), 'gantry-hostile-cache-'));
  await loadBusybox(engine);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  disk?.[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

interface Layer {
  digest: string;
  size: number;
  readonly annotations: Record<string, string>;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly Layer[];
}

/** The tag of a cache with the step `echo NAME`, which a new engine's build would find. */
async function exported(name: string): Promise<string> {
  writeFileSync(join(folder, 'Dockerfile'), `FROM busybox\nRUN echo ${name} >/made\nRUN cat /made >/again\n`);
  const cache = `${registry.host}/hostile:${name}`;
  const args = ['--output', 'type=cacheonly', '--cache-to', `type=registry,ref=${cache},mode=max`];
  await engine.ok('gantry', ['build', '-q', ...args, folder]);
  assert.equal((await engine.api('POST', '/build/prune?all=1')).status, 200);
  return cache;
}

/** Changes the layers that steps have made, in the manifest and in the configuration of a cache. */
function tamper(name: string, change: (layer: Layer) => void): void {
  const at = `hostile:${name}`;
  const { bytes, mediaType } = registry.manifests.get(at) ?? assert.fail('there is no such cache');
  const manifest = JSON.parse(bytes.toString()) as Manifest;
  let document = registry.blobs.get(manifest.config.digest)?.toString() ?? assert.fail('there is no document');
  for (const layer of manifest.layers.slice(1)) {
    const { digest } = layer;
    change(layer);
    document = document.replaceAll(digest, layer.digest);
  }
  Object.assign(manifest.config, registry.addBlob('hostile', Buffer.from(document)));
  registry.addManifest('hostile', name, mediaType, Buffer.from(JSON.stringify(manifest)));
}

/** Replaces a layer by other bytes. Their plain form has the digest that the cache said, unless `plain` is given. */
function replace(layer: Layer, bytes: Buffer, plain?: Buffer): void {
  Object.assign(layer, registry.addBlob('hostile', bytes));
  if (plain === undefined) return;
  layer.annotations['containerd.io/uncompressed'] = `sha256:${createHash('sha256').update(plain).digest('hex')}`;
}

function resize(layer: Layer, size: number): void {
  layer.size = size;
}

const rss = (): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${engine.pid()}/status`, 'utf8'))?.[1]) / 1024;

function bomb(): Buffer {
  const file = join(folder, 'bomb');
  execFileSync('sh', [
    '-c',
    `truncate -s ${BOMB_MEGABYTES}M "$0.raw" && tar -C "$1" -cf - bomb.raw | gzip -1 >"$0" && rm "$0.raw"`,
    file,
    folder,
  ]);
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}

const outside = tarArchive([
  { name: '../../../../../../escaped', content: Buffer.from('x') },
  { name: 'up', type: 'symlink', target: '/' },
  { name: 'up/escaped', content: Buffer.from('x') },
]);

const CASES: Readonly<Record<string, (name: string) => void>> = {
  'bytes that are no archive': (name) => tamper(name, (layer) => replace(layer, Buffer.from('no archive'))),
  'another layer than it says': (name) =>
    tamper(name, (layer) => replace(layer, gzipSync(tarArchive([{ name: 'made', content: Buffer.from('other') }])))),
  'a size that is too small': (name) => tamper(name, (layer) => resize(layer, layer.size - 10)),
  'a size beyond all disks': (name) => tamper(name, (layer) => resize(layer, 2 ** 50)),
  'names that lead outside': (name) => tamper(name, (layer) => replace(layer, gzipSync(outside), outside)),
  'a bomb': (name) => {
    const bytes = bomb();
    tamper(name, (layer) => replace(layer, bytes));
  },
  'a blob without end': (name) => {
    tamper(name, () => {});
    registry.intercept = ({ kind, request, response }) => {
      if (kind !== 'blobs' || request.method !== 'GET' || !request.url?.includes(blobOf(name))) return false;
      response.writeHead(200);
      const more = (): void => {
        while (response.write(Buffer.alloc(65536))) if (response.destroyed) return;
        response.once('drain', more);
      };
      more();
      return true;
    };
  },
};

/** The digest of the last layer of a cache. */
function blobOf(name: string): string {
  const { bytes } = registry.manifests.get(`hostile:${name}`) ?? assert.fail('there is no such cache');
  return (JSON.parse(bytes.toString()) as Manifest).layers.at(-1)?.digest ?? assert.fail('there is no layer');
}

for (const [at, [what, prepare]] of Object.entries(CASES).entries())
  test(`a step runs itself where the cache has ${what}`, async () => {
    const name = `case${at}`;
    const cache = await exported(name);
    prepare(name);
    try {
      const build = (...args: readonly string[]) =>
        engine.gantry(['build', '--progress=plain', ...args, '-o', join(folder, name), folder]);
      const { code, stderr } = await build('--cache-from', `type=registry,ref=${cache}`);
      assert.match(stderr, /the imported cache is not used: /);
      // While a bomb has the disk, no other step has room.
      if (code !== 0) assert.match(stderr, /^ERROR: .*no space left on device$/m);
      if (code !== 0) await eventually(async () => assert.equal((await build()).code, 0));
      assert.equal(readFileSync(join(folder, name, 'again'), 'utf8'), `${name}\n`, stderr);
    } finally {
      registry.intercept = () => false;
      rmSync(join(folder, name), { recursive: true, force: true });
    }
    for (const left of ['content/ingest', 'snapshots/new', 'snapshots/writables'])
      assert.deepEqual(readdirSync(join(engine.dataRoot, left)), [], left);
    assert.ok(rss() < RSS_MEGABYTES, `${rss()} MB of memory`);
    assert.deepEqual(await findingsOf(engine), []);
    assert.equal((await engine.api('POST', '/build/prune?all=1')).status, 200);
  });
