// `npm run build`: bundles the command line, the daemon and the supervisor into dist/, with chunks for code that is
// loaded later. `--out DIR` builds elsewhere, `--engine-version VERSION` with another version, for tests of an upgrade.
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { buildCli } from './build-cli.mjs';
import { root } from './node.mjs';

const { values: options } = parseArgs({ options: { out: { type: 'string' }, 'engine-version': { type: 'string' } } });

/** Sets the requested engine version instead of the sources'. */
const otherVersion = {
  name: 'other-version',
  setup(build) {
    const version = options['engine-version'];
    if (version === undefined) return;
    build.onLoad({ filter: /\/src\/daemon\/engine-version\.ts$/ }, () => ({
      contents: `export const ENGINE_VERSION = ${JSON.stringify(version)};`,
    }));
  },
};

/**
 * Takes from Node's modules, by `process.getBuiltinModule`, only the names that a source file imports. An `import`
 * reads every export of a module, including getters: that of node:http loads all of undici, 30 ms and several MB of
 * each start.
 */
const builtins = {
  name: 'builtins',
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => ({
      loader: 'ts',
      contents: (await readFile(path, 'utf8')).replace(
        /^import (?!type )([^;'"]+?) from '(node:[^']+)';/gm,
        (statement, clause, name) => destructured(clause, name) + '\n'.repeat(statement.split('\n').length - 1),
      ),
    }));
  },
};

/** Converts `a, { b, c as d, type E }` and `* as a` to assignments from the module. */
function destructured(clause, name) {
  const module = `process.getBuiltinModule('${name}')`;
  const [, whole, named] = /^(?:(?:\* as )?(\w+),?)?\s*(?:\{([^}]*)\})?$/.exec(clause.trim());
  const names = (named ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !part.startsWith('type '))
    .map((part) => part.replace(/\s+as\s+/, ': '));
  const statements = [];
  if (whole !== undefined) statements.push(`const ${whole} = ${module};`);
  if (names.length > 0) statements.push(`const { ${names.join(', ')} } = ${module};`);
  return statements.join(' ');
}

/** Only Zod's English messages: each start would read the names of the other languages' 300 kB. */
const oneLanguage = {
  name: 'one-language',
  setup(build) {
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
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
  // A native addon that looks for its binary beside its own files.
  external: ['koffi'],
  // CommonJS packages in an ES module bundle need these.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  plugins: [otherVersion, builtins, oneLanguage],
  logLevel: 'warning',
};

const WORKERS = ['network-kernel', 'receive-worker', 'stream-worker', 'tree-worker'];

// Built beside the current bundles, then renamed into place: engines and tests may be starting from them.
const dist = resolve(options.out ?? join(root, 'dist'));
const outdir = `${dist}.${process.pid}`;
const builds = [
  buildCli(root, outdir),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'daemon/[name]-[hash]',
    // Worker threads, and the process that mounts network file systems, are entries of their own, beside the daemon's.
    entryPoints: {
      'daemon/gantryd': 'src/daemon/main.ts',
      'workers/network-kernel': 'src/network/kernel/kernel-worker.ts',
      'network-mount': 'src/volumes/network-mount-process.ts',
      'workers/receive-worker': 'src/build/session/file-sync/receive-worker.ts',
      'workers/stream-worker': 'src/store/snapshots/streams/stream-worker.ts',
      'workers/tree-worker': 'src/store/snapshots/worker/tree-worker.ts',
    },
  }),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'supervisor/[name]-[hash]',
    entryPoints: { 'gantry-supervisor': 'src/supervisor/main.ts' },
  }),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'names/[name]-[hash]',
    entryPoints: { 'gantry-names': 'src/names/main.ts' },
  }),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'registry/[name]-[hash]',
    entryPoints: { 'gantry-registry': 'src/daemon/registry/main.ts' },
  }),
  build({
    ...shared,
    outdir,
    splitting: true,
    chunkNames: 'credentials/[name]-[hash]',
    entryPoints: { 'docker-credential-gantry': 'src/credentials/main.ts' },
  }),
];
try {
  await Promise.all(builds);
} catch (error) {
  await Promise.allSettled(builds);
  rmSync(outdir, { recursive: true, force: true });
  throw error;
}
// The first start keeps V8's compiled code beside the bundles. It saves later starts a tenth of their work. A worker thread does not
// inherit that.
const starts = {
  gantryd: './daemon/gantryd.js',
  ...Object.fromEntries(WORKERS.map((name) => [name, `./workers/${name}.js`])),
};
for (const [name, entry] of Object.entries(starts)) {
  writeFileSync(
    join(outdir, `${name}.js`),
    "process.getBuiltinModule('node:module').enableCompileCache(import.meta.dirname + '/.compile-cache');\n" +
      `await import('${entry}');\n`,
  );
}
const old = `${dist}.old.${process.pid}`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(outdir, dist);
rmSync(old, { recursive: true, force: true });
