import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCases } from '../records/builds/build-case.ts';
import { readRecord, recordBuilds } from '../records/builds/build-record.ts';
import { DIFFERENCES } from '../records/builds/differences.ts';
import { useEngine } from '../support/fixture.ts';

const engine = useEngine();
const DOCKERD = readRecord(readFileSync(new URL('../records/builds/builds.dockerd.txt', import.meta.url), 'utf8'));

/** Of a failure the place in the Dockerfile counts, and of the rest all but the texts of the progress. */
function essence(outcome: string): readonly string[] {
  return outcome
    .split('\n')
    .filter((line) => /^(?:exit|config|history|labels|layers|file|gone) |^ +\d+ \| >>>/.test(line));
}

test('gantry build makes of each recorded build what buildx on dockerd made', async () => {
  const ours = await recordBuilds(readCases(), { socket: engine().socketPath, client: 'gantry' });
  const faults: string[] = [];
  for (const [name, expected] of DOCKERD) {
    const wanted = essence(DIFFERENCES[name]?.ours ?? expected).join('\n');
    const outcome = ours.get(name) ?? '';
    if (essence(outcome).join('\n') !== wanted)
      faults.push(`=== ${name}\n--- wanted\n${wanted}\n--- found\n${outcome}`);
  }
  assert.equal(faults.join('\n'), '');
});
