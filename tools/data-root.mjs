// `npm run data-root -- RELEASE`: stores a data root of this release for the tests of later ones
// (test/data-roots/README.md).
import { pinnedNode, run } from './node.mjs';
import { setUp } from './setup.mjs';

setUp({ tests: true });
process.exitCode = run(pinnedNode, [
  '--disable-warning=ExperimentalWarning',
  'test/data-roots/make-data-root.ts',
  ...process.argv.slice(2),
]);
