// `npm run test:long [-- FILE…]`: runs the tests of test/long, which take hours: campaigns with random numbers. Each
// prints its seed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, root, run } from './node.mjs';
import { obstacles, setUp } from './setup.mjs';

setUp({ tests: true });
const inTheWay = obstacles();
if (inTheWay.length > 0) {
  console.error(`The tests start real containers, and here that cannot be done:\n  - ${inTheWay.join('\n  - ')}`);
  process.exit(1);
}
const named = process.argv.slice(2);
const found = readdirSync(join(root, 'test/long'), { recursive: true }).filter((name) => name.endsWith('.test.ts'));
const files = named.length > 0 ? named : found.map((name) => join('test/long', name)).sort();
process.exitCode = run(pinnedNode, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
  env: { ...process.env, NODE_OPTIONS: '' },
});
