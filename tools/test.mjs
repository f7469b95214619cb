// `npm test [-- FILE…]`: sets up what is missing, then runs unit tests (src) and system tests (test) with node:test.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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

const named = process.argv.slice(2);
const files =
  named.length > 0
    ? named
    : ['src', 'test'].flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true })
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => join(folder, name))
          .sort(),
      );
const args = ['--test', '--test-concurrency=2', '--test-timeout=300000', '--test-reporter=spec', ...files];
process.exitCode = run(pinnedNode, args, { env: { ...process.env, NODE_OPTIONS: '' } });
