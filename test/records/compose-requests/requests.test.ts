import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { readRecord } from '../compose/compose-record.ts';
import { DIFFERENCES, REFUSED } from './differences.ts';
import { ownRequests, REQUEST_CASES } from './run-requests.ts';

/** What `gantry compose up` asks of the engine, compared with records of docker compose 2.40. `npm run record` makes the records anew. */

const DOCKER = readRecord(readFileSync(new URL('./compose-requests.docker.txt', import.meta.url), 'utf8'));

/** The lines of `all` that `others` does not have, or not as often. */
function lacking(all: string, others: string): readonly string[] {
  const rest = others.split('\n').map((line) => line.trim());
  return all.split('\n').flatMap((line) => {
    const at = rest.indexOf(line.trim());
    if (at < 0) return [line.trim()];
    rest.splice(at, 1);
    return [];
  });
}

suite('requests of compose up', () => {
  test('the record is of these projects, and so are the differences', () => {
    const names = REQUEST_CASES.map(({ name }) => name);
    assert.deepEqual([...DOCKER.keys()], names);
    for (const project of [...DIFFERENCES.map((each) => each.project), ...Object.keys(REFUSED)])
      assert.ok(names.includes(project), project);
  });

  for (const given of REQUEST_CASES)
    test(given.name, async () => {
      const [ours, theirs] = [await ownRequests(given), DOCKER.get(given.name) ?? ''];
      const refused = REFUSED[given.name];
      if (refused !== undefined) return assert.match(ours, refused);
      const known = DIFFERENCES.find(({ project }) => project === given.name);
      if (known === undefined) return assert.equal(ours, theirs);
      // A comma says only that something follows.
      const lines = (only: readonly string[]): readonly string[] =>
        only.filter((line) => !/^[\]}],?$/.test(line)).sort();
      assert.deepEqual(lines(lacking(theirs, ours)), known.theirs.toSorted());
      assert.deepEqual(lines(lacking(ours, theirs)), known.ours.toSorted());
    });
});
