// Bundles the command line into OUTDIR: gantry.cjs, which chooses between cli/NAME.cjs (one frequent command alone, so
// that it starts faster) and cli/program.cjs (everything). With the launcher, on a busy machine (load 6, 41 interleaved
// rounds, a fake engine), `ps` took 1.46 (median) to 1.58 (minimum) times the wall time of `node -e 0`; `version`, from
// the whole program, 1.7. ES modules with splitting took about 2 times. The compile cache made no clear difference
// there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { lazyBuiltins, throughIndexes } from './bundle-plugins.mjs';

/** Name on the command line, module, export. */
const QUICK = {
  ps: ['container/ls', 'ls'],
  images: ['image/ls', 'ls'],
  run: ['container/run', 'run'],
  build: ['build/build', 'build'],
  exec: ['container/exec', 'exec'],
  logs: ['container/logs', 'logs'],
  inspect: ['system/inspect', 'inspect'],
  start: ['container/start', 'start'],
  stop: ['container/stop', 'stop'],
  kill: ['container/kill', 'kill'],
  rm: ['container/rm', 'rm'],
  wait: ['container/wait', 'wait'],
};

/** @param {string} root the repository @param {string} outdir */
export async function buildCli(root, outdir) {
  const source = join(root, 'src/cli');
  const bundle = (name, contents) =>
    build({
      stdin: { contents, resolveDir: source, loader: 'ts' },
      outfile: join(outdir, 'cli', `${name}.cjs`),
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      minify: true,
      legalComments: 'none',
      // A native addon that looks for its binary beside its own files.
      external: ['koffi'],
      define: { 'import.meta.url': '__url' },
      banner: { js: 'const __url="file://"+encodeURI(__filename);' },
      plugins: [lazyBuiltins, throughIndexes],
      logLevel: 'warning',
    });
  await Promise.all([
    bundle('program', "export { main } from './program.ts';"),
    bundle('compose', "export { startCompose as start } from './compose/start-compose.ts';"),
    ...Object.entries(QUICK).map(([name, [module, command]]) =>
      bundle(
        name,
        `import { quick } from './quick.ts'; import { ${command} as command } from './${module}.ts';
         export const start = (argv: string[], env: NodeJS.ProcessEnv) => quick('${name}', command, { argv, env });`,
      ),
    ),
  ]);
  mkdirSync(outdir, { recursive: true });
  writeFileSync(
    join(outdir, 'gantry.cjs'),
    `'use strict';
process.getBuiltinModule('node:module').enableCompileCache(__dirname + '/.compile-cache');
const argv = process.argv.slice(2);
const whole = () => require('./cli/program.cjs').main(argv, process.env);
const quick = ${JSON.stringify(['compose', ...Object.keys(QUICK)])}.includes(argv[0]);
const code = quick ? require('./cli/' + argv[0] + '.cjs').start(argv.slice(1), process.env).then((code) => code ?? whole()) : whole();
code.then((code) => process.exit(code));
`,
  );
}
