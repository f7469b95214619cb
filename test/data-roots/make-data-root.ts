/**
 * Makes the data root of this release for the tests of later ones: `npm run data-root -- RELEASE`, in the release's own
 * tree, writes `test/data-roots/RELEASE.tar.zst`. Needs root and a C compiler.
 *
 * The archive has two entries: `data`, the root as a power cut leaves it while containers run and an image is pulled,
 * and `expected.json`, the release's own report of its objects just before.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { startEngine } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { powerCut } from '../support/power-cut.ts';
import { fill } from './fill.ts';
import { compileTiny } from './tiny/compile-tiny.ts';

async function makeDataRoot(release: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-data-root-'));
  try {
    const tiny = compileTiny();
    const registry = `127.0.0.1:${await freePort()}`;
    await using engine = await startEngine({ dataRoot: join(folder, 'data'), flags: ['--registry-listen', registry] });
    const expected = await fill(engine, tiny, registry);
    await powerCut(engine);
    writeFileSync(join(folder, 'expected.json'), JSON.stringify(expected));
    // Random bytes, which every start makes again.
    rmSync(join(folder, 'data/ballast'));
    const archive = execFileSync(
      'tar',
      ['-c', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--sparse', '-C', folder, 'expected.json', 'data'],
      { maxBuffer: 1 << 28 },
    );
    const target = join(dirname(import.meta.filename), `${release}.tar.zst`);
    writeFileSync(target, zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }));
    console.log(`${target}: ${readFileSync(target).length} bytes`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [release] = process.argv.slice(2);
if (release === undefined || !/^[\w.-]+$/.test(release)) {
  console.error('usage: npm run data-root -- RELEASE');
  process.exitCode = 125;
} else {
  await makeDataRoot(release);
}
