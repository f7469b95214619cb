import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { readCases } from './compose-case.ts';
import { readRecord } from './compose-record.ts';
import { DIFFERENCES } from './differences.ts';
import { runCase } from './run-case.ts';
import { errorsOf, withoutErrors } from './run-errors.ts';

/**
 * Projects that `gantry compose config` loads, compared with records of docker compose 2.40: output, warnings and exit code of each
 * command line. `npm run record` makes the records anew.
 */

const CASES = readCases();
const read = (name: string): Map<string, string> => readRecord(readFileSync(new URL(name, import.meta.url), 'utf8'));
const DOCKER = read('./compose.docker.txt');
const ERRORS = read('./errors.gantry.txt');

function isListed(project: string, run: string): boolean {
  return DIFFERENCES.some((each) => each.project === project && each.runs.includes(run));
}

suite('compose config', () => {
  test('the record is of these projects', () => {
    assert.deepEqual(
      [...DOCKER.keys()],
      CASES.map(({ name }) => name),
    );
    assert.ok(CASES.length >= 100);
  });

  for (const each of CASES)
    test(each.name, async () => {
      const ours = await runCase(each);
      const theirs = withoutErrors(DOCKER.get(each.name) ?? '');
      for (const [run, text] of withoutErrors(ours)) {
        if (isListed(each.name, run)) assert.notEqual(text, theirs.get(run), `${run} is listed as a difference`);
        else assert.equal(text, theirs.get(run), run);
      }
      assert.equal(errorsOf(ours), ERRORS.get(each.name) ?? '', 'the texts of the errors');
    });
});

/** What no place of a file causes: flags, variables, files that are named on the command line. */
const PLACELESS = [
  /^(?:can't use|cannot specify|unsupported --progress|unsupported format)/,
  /^(?:invalid project name|project name must not be empty|no such service|JSON has no number)/,
  /^(?:open \S+: no such file|no configuration file provided|empty compose file)/,
];

test('each error of a file names the place', () => {
  for (const [project, text] of ERRORS)
    for (const [, error = ''] of text.matchAll(/^\$ .*\n! (.*)$/gm))
      assert.ok(
        /^\/\S+:\d+(?::\d+)?: |^failed to read \S+:\d+: /.test(error) || PLACELESS.some((each) => each.test(error)),
        `${project}: ${error}`,
      );
});
