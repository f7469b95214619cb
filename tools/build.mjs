// `npm run build`: bundles the command line, the daemon and the supervisor into dist/, each with what it loads late as a chunk.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './node.mjs';

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  // A native addon that finds its binary beside its own files.
  external: ['koffi'],
  // CommonJS packages in an ES module bundle ask for these.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
};

const outdir = join(root, 'dist');
rmSync(outdir, { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    outdir,
    splitting: true,
    banner: {},
    chunkNames: 'cli/[name]-[hash]',
    entryPoints: { gantry: 'src/cli/main.ts' },
  }),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'daemon/[name]-[hash]',
    // Worker threads are entries of their own, beside the daemon's.
    entryPoints: { gantryd: 'src/daemon/main.ts', 'network-kernel': 'src/network/kernel/kernel-worker.ts' },
  }),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'supervisor/[name]-[hash]',
    entryPoints: { 'gantry-supervisor': 'src/supervisor/main.ts' },
  }),
]);
