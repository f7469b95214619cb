import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TarEntry, tarArchive } from '../../../test/support/busybox-image.ts';
import type { Digest } from '../../base/ids.ts';
import { silentLogger } from '../../base/logger.ts';
import { readMountInfo } from '../../linux/index.ts';
import { type OpenSnapshots, openSnapshots } from './open-snapshots.ts';

export const NEVER = new AbortController().signal;
export const digestOf = (bytes: Buffer): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

export interface Fixture extends AsyncDisposable {
  readonly folder: string;
  snapshots: OpenSnapshots;
  reopen(): Promise<void>;
  /** Unpacks a layer over its parents. Returns the diffID. */
  layer(entries: readonly TarEntry[], parents?: readonly Digest[], pack?: (tar: Buffer) => Buffer): Promise<Digest>;
}

export function openFixture(driver: 'overlay2' | 'vfs'): Fixture {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-snapshots-')));
  const open = (): OpenSnapshots =>
    openSnapshots({ dataRoot: folder, mountRoot: join(folder, 'roots'), driver, logger: silentLogger });
  let count = 0;
  const fixture: Fixture = {
    folder,
    snapshots: open(),
    async reopen() {
      await fixture.snapshots[Symbol.asyncDispose]();
      fixture.snapshots = open();
    },
    async layer(entries, parents = [], pack = (tar) => tar) {
      const tar = tarArchive(entries);
      const packed = pack(tar);
      const path = join(folder, `layer-${count++}.tar`);
      writeFileSync(path, packed);
      const diffId = digestOf(tar);
      await fixture.snapshots.unpack({ diffId, parents }, { path, digest: digestOf(packed) }, NEVER);
      return diffId;
    },
    async [Symbol.asyncDispose]() {
      for (const id of fixture.snapshots.writables()) await fixture.snapshots.removeWritable(id);
      await fixture.snapshots[Symbol.asyncDispose]();
      const left = readMountInfo().filter(({ mountPoint }) => mountPoint.startsWith(folder));
      assert.deepEqual(left, [], 'no mount is left');
      assert.deepEqual(readdirSync(join(folder, 'snapshots', 'new')), [], 'nothing half unpacked is left');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fixture;
}

export const dir = (name: string, mode = 0o755): TarEntry => ({ name, type: 'directory', mode });
export const file = (name: string, content = name, mode = 0o644): TarEntry => ({ name, type: 'file', content, mode });
