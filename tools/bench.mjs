// `npm run bench [-- WORD…] [-- --no-peers]`: see bench/main.ts.
import { pinnedNode, run } from './node.mjs';
import { setUp } from './setup.mjs';

setUp({ tests: true, bench: true });
process.exitCode = run(pinnedNode, ['bench/main.ts', ...process.argv.slice(2)]);
