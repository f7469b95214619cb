import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { copyProgram } from './copy-program.ts';
import type { TestEngine } from './engine.ts';

const SOURCE = fileURLToPath(new URL('../programs/frontend.ts', import.meta.url));

/** Makes the image of a frontend from `test/programs/frontend.ts` and this host's Node. */
export async function importFrontend(engine: TestEngine, tag: string, labels: readonly string[] = []): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-frontend-'));
  try {
    const root = join(folder, 'root');
    await copyProgram(process.execPath, root);
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
