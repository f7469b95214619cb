// `npm run build`: bundles the command line, the daemon and the supervisor into dist/, each with what it loads late as a chunk.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './node.mjs';

/**
 * Takes Node's modules by `process.getBuiltinModule`. An `import` of one reads every export it has, getters too: that of
 * node:http loads all of undici, 30 ms and several MB of a start for a class nobody uses.
 */
const builtins = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

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
  plugins: [builtins],
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
