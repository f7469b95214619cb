import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { useEngine } from '../support/fixture.ts';
import { CASES } from './classic-builds.cases.ts';
import { BUILD_DIFFERENCES } from './classic-builds.differences.ts';
import { readBlocks } from './command-record.ts';
import { recordBuilds } from './record-builds.ts';

/** What `POST /build` answers, compared with a record of dockerd 28.5. `npm run record` makes the record anew. */

const engine = useEngine();
const DOCKERD = readBlocks(readFileSync(new URL('./classic-builds.dockerd.txt', import.meta.url), 'utf8'));

test('each build prints what it prints with dockerd, or what the list of differences says', async () => {
  const ours = readBlocks(await recordBuilds(CASES, engine().host));
  const faults: string[] = [];
  for (const [name, expected] of DOCKERD) {
    const wanted = BUILD_DIFFERENCES[name]?.ours ?? expected;
    const found = ours.get(name);
    if (found !== wanted) faults.push(`$ ${name}\n--- wanted\n${wanted}\n--- ours\n${found}`);
  }
  assert.deepEqual(faults.join('\n\n'), '');
  assert.deepEqual([...ours.keys()], [...DOCKERD.keys()], 'the record is of these builds');
});

test('each listed difference is one', () => {
  for (const [name, { ours, why }] of Object.entries(BUILD_DIFFERENCES)) {
    assert.notEqual(DOCKERD.get(name) ?? ours, ours, `${name}: ${why}`);
  }
});
