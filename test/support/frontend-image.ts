import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { command } from './command.ts';
import type { TestEngine } from './engine.ts';

const SOURCE = fileURLToPath(new URL('../programs/frontend.ts', import.meta.url));

/** Makes the image of a frontend from `test/programs/frontend.ts` and this host's Node. */
export async function importFrontend(engine: TestEngine, tag: string, labels: readonly string[] = []): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-frontend-'));
  try {
    const { stdout } = await command('ldd', [process.execPath]);
    const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
    const root = join(folder, 'root');
    for (const path of libraries) {
      // The linker's folder is found by its whole path, and has the others too.
      const place = join(root, path.includes('/ld-') ? path : `/lib/${basename(path)}`);
      mkdirSync(join(place, '..'), { recursive: true });
      copyFileSync(path, place);
    }
    copyFileSync(process.execPath, join(root, 'node'));
    await build({
      entryPoints: [SOURCE],
      outfile: join(root, 'frontend.mjs'),
      ...{ bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' },
    });
    mkdirSync(join(root, 'tmp'));
    writeFileSync(
      join(folder, 'Dockerfile'),
      `FROM scratch\nCOPY root /\nENV LD_LIBRARY_PATH=/lib\n${labels.map((label) => `LABEL ${label}\n`).join('')}ENTRYPOINT ["/node", "/frontend.mjs"]\n`,
    );
    const { code, stderr } = await engine.gantry(['build', '-t', tag, folder]);
    assert.equal(code, 0, stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
