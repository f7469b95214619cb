import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that a test can fill completely. */
export interface FullDisk extends Disposable {
  readonly path: string;
  /** Takes all free space, as a neighbour that never stops writing does: no block and no name is left. */
  fill(): void;
  /** Frees the space. */
  empty(): void;
}

/**
 * Makes ext4 on a loop device, where each new folder takes a block. Where there is no loop device, a tmpfs with few
 * inodes.
 */
export function makeFullDisk(megabytes: number): FullDisk {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-full-'));
  const path = join(folder, 'disk');
  mkdirSync(path);
  mountIn(folder, path, megabytes);
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      mkdirSync(filler, { recursive: true });
      const file = openSync(join(filler, 'bytes'), 'a');
      for (const size of [1 << 20, 4096, 1]) untilFull(() => writeSync(file, Buffer.alloc(size, 'f')));
      closeSync(file);
      let name = Date.now();
      untilFull(() => mkdirSync(join(filler, String(name++))));
    },
    empty: () => rmSync(filler, { recursive: true }),
    [Symbol.dispose]() {
      execFileSync('umount', ['--lazy', path]);
      rmSync(folder, { recursive: true });
    },
  };
}

function mountIn(folder: string, path: string, megabytes: number): void {
  const image = join(folder, 'image');
  try {
    execFileSync('truncate', ['-s', `${megabytes}M`, image]);
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', image, path], { stdio: 'pipe' });
  } catch {
    console.log('NOTE: no ext4 by a loop device on this machine: the tests of full disks run on tmpfs');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,nr_inodes=4000`, 'gantry-full', path]);
  }
}

function untilFull(take: () => void): void {
  try {
    for (;;) take();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
