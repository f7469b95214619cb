// `node bench/untar.ts [folder]`: justifies our own tar parser and unpacker. It unpacks one layer of 20,000 small
// files, then ten of 2,000 in parallel, beside tar-stream with Node's fs (without confinement to the root).
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { Digest } from '../src/base/ids.ts';
import { silentLogger } from '../src/base/logger.ts';
import { DEFAULT_TAR_LIMITS, TarParser } from '../src/io/index.ts';
import { spreadDirectories } from '../src/linux/index.ts';
import { openSnapshots } from '../src/store/index.ts';
import { tarArchive } from '../tools/tar-writer.mjs';
import { median } from './measure.ts';

const base = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'gantry-bench-untar-'));
// Otherwise each round on ext4 would pay for the deletions of the round before.
spreadDirectories(base);

interface Layer {
  readonly path: string;
  readonly digest: Digest;
  readonly tar: Buffer;
}

function layer(name: string, files: number): Layer {
  const entries = Array.from({ length: files }, (_, index) => ({
    name: `${name}/d${index % 50}/f${index}`,
    content: 'x'.repeat(1000 + (index % 3000)),
    mtime: 1_700_000_000,
  }));
  const folders = Array.from({ length: 50 }, (_, index) => ({ name: `${name}/d${index}`, type: 'directory' as const }));
  const tar = tarArchive([{ name, type: 'directory' }, ...folders, ...entries]);
  const path = join(base, `${name}.tar`);
  writeFileSync(path, tar);
  return { path, tar, digest: `sha256:${createHash('sha256').update(tar).digest('hex')}` as Digest };
}

const snapshots = openSnapshots({
  dataRoot: join(base, 'ours'),
  mountRoot: join(base, 'ours', 'roots'),
  driver: 'auto',
  logger: silentLogger,
});

async function ours(layers: readonly Layer[]): Promise<() => Promise<void>> {
  const signal = new AbortController().signal;
  await Promise.all(
    // No parents: none of these layers depends on one. The digest is not the file's, so that its bytes are hashed.
    layers.map(({ path, digest }) =>
      snapshots.unpack({ diffId: digest, parents: [] }, { path, digest: `sha256:${'0'.repeat(64)}` as Digest }, signal),
    ),
  );
  return async () => {
    for (const { key } of snapshots.layers()) await snapshots.removeLayer(key);
    await snapshots.swept();
  };
}

async function tarStream(layers: readonly Layer[]): Promise<() => Promise<void>> {
  const root = mkdtempSync(join(base, 'theirs-'));
  await Promise.all(
    layers.map(async ({ path }) => {
      const hash = createHash('sha256');
      const source = createReadStream(path, { highWaterMark: 1 << 20 });
      source.on('data', (chunk) => hash.update(chunk));
      for await (const entry of source.pipe(extract())) {
        const target = join(root, entry.header.name);
        if (entry.header.type === 'directory') await mkdir(target, { recursive: true });
        else await writeFile(target, await buffer(entry), { mode: entry.header.mode ?? 0o644 });
        entry.resume();
      }
      hash.digest();
    }),
  );
  return () => rm(root, { recursive: true });
}

async function time(what: string, once: () => Promise<(() => Promise<void>) | undefined>): Promise<void> {
  const rounds: number[] = [];
  for (let round = 0; round < 4; round++) {
    const from = performance.now();
    const cleanUp = await once();
    if (round > 0) rounds.push(performance.now() - from);
    await cleanUp?.();
  }
  console.log(`${what.padEnd(60)} ${median(rounds).toFixed(0).padStart(6)} ms`);
}

try {
  const one = [layer('one', 20_000)];
  const ten = Array.from({ length: 10 }, (_, index) => layer(`l${index}`, 2000));
  const sink = { entry() {}, data() {}, end() {} };
  await time('parse 20,000 entries, ours', async () => {
    const parser = new TarParser(sink, DEFAULT_TAR_LIMITS);
    for (const { tar } of one)
      for (let at = 0; at < tar.length; at += 1 << 20) parser.write(tar.subarray(at, at + (1 << 20)));
    parser.finish();
    return undefined;
  });
  await time('parse 20,000 entries, tar-stream', async () => {
    for (const { path } of one) {
      const archive = createReadStream(path, { highWaterMark: 1 << 20 }).pipe(extract());
      for await (const entry of archive) entry.resume();
    }
    return undefined;
  });
  await time('unpack 1 layer of 20,000 files, ours', () => ours(one));
  await time('unpack 1 layer of 20,000 files, tar-stream', () => tarStream(one));
  await time('unpack 10 layers of 2,000 files, ours', () => ours(ten));
  await time('unpack 10 layers of 2,000 files, tar-stream', () => tarStream(ten));
} finally {
  await snapshots[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
}
