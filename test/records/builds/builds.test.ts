import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { lacksPlugins } from '../../support/client-plugins.ts';
import { CLIS, useEngine } from '../../support/fixture.ts';
import { readCases } from './build-case.ts';
import { readRecord, recordBuilds } from './build-record.ts';
import { DIFFERENCES } from './differences.ts';

/**
 * Builds by the real buildx, compared with records of dockerd 28.5: exit codes, steps, errors with their places,
 * configurations, histories and files. `npm run record` makes the records anew.
 */

const engine = useEngine();
const CASES = readCases();
const DOCKERD = readRecord(readFileSync(new URL('./builds.dockerd.txt', import.meta.url), 'utf8'));
const skip = CLIS.includes('docker') ? lacksPlugins('new') : 'no docker CLI on this machine';

suite('builds', { skip }, () => {
  test('each build ends as with dockerd, or as the list of differences says', async () => {
    const ours = await recordBuilds(CASES, { socket: engine().socketPath });
    const faults: string[] = [];
    for (const [name, expected] of DOCKERD) {
      const wanted = DIFFERENCES[name]?.ours ?? expected;
      const found = ours.get(name);
      if (found !== wanted) faults.push(`=== ${name}\n--- wanted\n${wanted}\n--- found\n${found}`);
    }
    assert.equal(faults.join('\n'), '');
  });

  test('the record is of these builds, and each listed difference is one', () => {
    assert.deepEqual(
      [...DOCKERD.keys()],
      CASES.map(({ name }) => name),
    );
    assert.ok(CASES.length >= 100);
    for (const [name, { why, ours }] of Object.entries(DIFFERENCES)) {
      assert.notEqual(DOCKERD.get(name) ?? ours, ours, `${name}: ${why}`);
    }
  });
});
