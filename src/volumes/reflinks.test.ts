import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { volumeTrees } from '../../test/support/volume-trees.ts';
import { silentLogger } from '../base/logger.ts';
import { memoryRecords } from '../base/records.ts';
import { createVolumes } from './create-volumes.ts';
import type { VolumeRecord } from './record.ts';

/** Copies on a file system with reflinks, in a file of its own. */

const NEVER = new AbortController().signal;
const SILENT = (): void => {};
const MEGABYTE = 1 << 20;
const hasXfs = /\bxfs$/m.test(readFileSync('/proc/filesystems', 'utf8'));

test('on XFS a clone, a snapshot and its restore share the blocks of their files', {
  skip: hasXfs ? false : 'the kernel does not have XFS',
}, async () => {
  await using xfs = mountXfs();
  const volumes = createVolumes({
    records: memoryRecords<VolumeRecord>(),
    dataRoot: xfs.folder,
    events: { emit() {} },
    logger: silentLogger,
    trees: volumeTrees(),
  });
  const { Mountpoint } = await volumes.create({ name: 'data' });
  const large = randomBytes(40 * MEGABYTE);
  const small = randomBytes(10 * MEGABYTE);
  writeFileSync(join(Mountpoint, 'large'), large);
  writeFileSync(join(Mountpoint, 'small'), small);
  const before = xfs.freeBytes();
  const taken = (): number => before - xfs.freeBytes();

  const clone = await volumes.clone('data', 'copy', SILENT, NEVER);
  await volumes.createSnapshot('data', 'then', SILENT, NEVER);
  assert.ok(taken() < 5 * MEGABYTE, `two copies of 50 MB take ${taken()} bytes`);
  writeFileSync(join(clone.Mountpoint, 'large'), 'other');
  writeFileSync(join(Mountpoint, 'small'), 'changed');
  await volumes.restoreSnapshot('data', 'then', SILENT, NEVER);
  assert.ok(readFileSync(join(Mountpoint, 'large')).equals(large));
  assert.ok(readFileSync(join(Mountpoint, 'small')).equals(small));
  assert.ok(readFileSync(join(clone.Mountpoint, 'small')).equals(small));
  assert.equal(readFileSync(join(clone.Mountpoint, 'large'), 'utf8'), 'other');
  await volumes.swept();
  assert.ok(taken() < 5 * MEGABYTE, `three copies of 50 MB take ${taken()} bytes`);
});

interface MountedXfs extends AsyncDisposable {
  readonly folder: string;
  freeBytes(): number;
}

function mountXfs(): MountedXfs {
  const top = mkdtempSync(join(tmpdir(), 'gantry-reflinks-'));
  const [image, folder] = [join(top, 'image'), join(top, 'data')];
  writeFileSync(image, '');
  truncateSync(image, 400 * MEGABYTE);
  mkdirSync(folder);
  execFileSync('mkfs.xfs', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, folder]);
  return {
    folder,
    freeBytes() {
      execFileSync('sync', ['-f', folder]);
      const { bfree, bsize } = statfsSync(folder);
      return bfree * bsize;
    },
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [folder]);
      rmdirSync(folder);
      rmSync(image);
      rmdirSync(top);
    },
  };
}
