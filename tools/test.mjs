// `npm test [-- FILE…]`: installs missing packages, then runs unit tests (src) and system tests (test) with node:test.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
          .filter((name) => name.endsWith('.test.ts') && !name.startsWith('long/'))
          .map((name) => join(folder, name))
          .sort(),
      );
// `test/long` is for `npm run test:long`. Files with failed tests run once more, whole, with nothing beside them. A test
// that fails only on a busy machine is a defect too, and its first failure above names it, but it does not hide whether
// the change is good. (`--test-rerun-failures` of Node takes tests with one place in the sources for the same: a test of
// a shared suite that passed in one file would pass in all.)
const scratch = mkdtempSync(join(tmpdir(), 'gantry-npm-test-'));
const failed = join(scratch, 'failed');
const skipped = join(scratch, 'skipped');
const ended = join(scratch, 'ended');
const linesOf = (path) => new Set(existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []);
const attempt = (concurrency, testFiles) =>
  run(
    pinnedNode,
    [
      '--import',
      join(root, 'tools/test-preload.mjs'),
      '--test',
      `--test-concurrency=${concurrency}`,
      '--test-timeout=240000',
      `--test-reporter=${join(root, 'tools/test-report.mjs')}`,
      '--test-reporter-destination=stdout',
      ...testFiles,
    ],
    {
      env: {
        ...process.env,
        // Each test file is a process: without a cache, each would strip and compile the same sources.
        NODE_COMPILE_CACHE: join(root, '.cache/compiled-tests'),
        ...{ NODE_OPTIONS: '', GANTRY_SKIPPED_TESTS: skipped, GANTRY_FAILED_FILES: failed, GANTRY_ENDED_FILES: ended },
      },
    },
  );
let code = attempt(2, files);
const notRun = existsSync(skipped) ? readFileSync(skipped, 'utf8') : '';
const known = new Set([...linesOf(ended), ...linesOf(failed)]);
const cutOff = files.map((file) => resolve(root, file)).filter((file) => !known.has(file));
if (code !== 0 && cutOff.length > 0) {
  // Somebody ended the run. What failed until then says nothing about the rest.
  console.log(`\nThe run was cut off. ${cutOff.length} files did not run to their end, such as ${cutOff[0]}.`);
} else if (code !== 0) {
  console.log('\nSome tests failed. They are run once more, alone:\n');
  code = attempt(1, [...linesOf(failed)]);
}
rmSync(scratch, { recursive: true, force: true });
if (notRun !== '') console.log(`\nSkipped tests, which show nothing here:\n${notRun}`);
process.exitCode = code;
