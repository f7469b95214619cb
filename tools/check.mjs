// `npm run check`: types, lint and format, layers, deletes, fakes, long functions, the lock of npm packages, commits. All
// of them run, so that one run shows every problem.
import { spawn } from 'node:child_process';
import { node, root } from './node.mjs';
import { setUp } from './setup.mjs';

setUp({ build: false });
const steps = [
  ['types', 'node_modules/.bin/tsc', ['-p', '.']],
  ['lint', 'node_modules/.bin/biome', ['check', '--error-on-warnings', '.']],
  ['layers', node(), ['tools/check-layers.mjs', 'src']],
  ['lock', node(), ['tools/check-lock.mjs']],
  ['commits', node(), ['tools/check-commits.mjs']],
  ['deletes', node(), ['tools/check-deletes.mjs', 'src']],
  ['fakes', node(), ['tools/check-fakes.mjs']],
  ['functions', node(), ['tools/check-functions.mjs', 'src', 'tools', 'bench', 'test']],
];
const results = await Promise.all(
  steps.map(async ([name, command, args]) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { name, output, code };
  }),
);
for (const { name, output, code } of results)
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}${output.trim() === '' ? '' : `\n${output.trim()}`}`);
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;
