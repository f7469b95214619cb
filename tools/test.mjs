// `npm test [-- FILE…]`: sets up what is missing, then runs unit tests (src) and system tests (test) with node:test.
import { globSync } from 'node:fs';
import { pinnedNode, root, run } from './node.mjs';
import { obstacles, setUp } from './setup.mjs';

setUp({ tests: true });
const inTheWay = obstacles();
if (inTheWay.length > 0) {
  console.error(
    `The tests start real containers, and here that cannot be done:\n${inTheWay.map((line) => `  - ${line}`).join('\n')}`,
  );
  process.exit(1);
}
if (typeof globSync !== 'function' || process.execPath !== pinnedNode) {
  process.exit(run(pinnedNode, [new URL(import.meta.url).pathname, ...process.argv.slice(2)]));
}
const named = process.argv.slice(2);
const run1 = (files, concurrency) =>
  files.length === 0
    ? 0
    : run(
        pinnedNode,
        ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=300000', '--test-reporter=spec', ...files],
        { env: { ...process.env, NODE_OPTIONS: '' } },
      );
const files = named.length > 0 ? named : globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root }).sort();
process.exitCode = run1(files, 2);
