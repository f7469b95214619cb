import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const FLAGS = [
  ...['-static', '-nostdlib', '-nostartfiles', '-ffreestanding', '-fno-builtin', '-Os', '-s'],
  ...['-fno-tree-loop-distribute-patterns', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'],
  ...['-fno-pic', '-no-pie', '-Wl,--build-id=none,-z,noseparate-code,-z,norelro'],
];

/** Compiles the program `tiny` for this machine from `tiny.c`, with the system's C compiler. */
export function compileTiny(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-tiny-'));
  try {
    execFileSync('cc', [...FLAGS, '-o', join(folder, 'tiny'), join(dirname(import.meta.filename), 'tiny.c')]);
    return readFileSync(join(folder, 'tiny'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
