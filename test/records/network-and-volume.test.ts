import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { clientEnvironment } from '../support/client-environment.ts';
import { CLIS, useEngine } from '../support/fixture.ts';
import { readBlocks, readLines, record } from './command-record.ts';
import { DIFFERENCES } from './differences.ts';

/**
 * What the docker command line prints about networks and volumes, and the answers to requests, compared with records of dockerd 28.5. `npm run record` makes
 * the records anew.
 */

const engine = useEngine();
const RECORDS = ['', '-flags', '-requests', '-unusual']
  .map((part) => `network-and-volume${part}`)
  .map((name) => ({
    name,
    lines: readLines(new URL(`./${name}.lines.txt`, import.meta.url)),
    dockerd: readBlocks(readFileSync(new URL(`./${name}.dockerd.txt`, import.meta.url), 'utf8')),
  }));

suite('networks and volumes', { skip: CLIS.includes('docker') ? false : 'no docker CLI on this machine' }, () => {
  for (const { name, lines, dockerd } of RECORDS) {
    test(`${name}: each command line prints what it prints with dockerd, or what the list of differences says`, async () => {
      const folder = engine().dataRoot;
      const ours = readBlocks(await record(lines, { ...clientEnvironment(folder), DOCKER_HOST: engine().host }));
      const faults: string[] = [];
      for (const [line, expected] of dockerd) {
        const wanted = DIFFERENCES[line]?.ours ?? expected;
        const found = ours.get(line);
        if (found !== wanted) faults.push(`$ ${line}\n--- dockerd\n${wanted}\n--- ours\n${found}`);
      }
      assert.deepEqual(faults.join('\n\n'), '');
      assert.deepEqual([...ours.keys()], [...dockerd.keys()], 'the record is of these lines');
    });
  }

  test('each listed difference is one', () => {
    for (const [line, { ours, why }] of Object.entries(DIFFERENCES)) {
      const theirs = RECORDS.map(({ dockerd }) => dockerd.get(line)).find((block) => block !== undefined);
      assert.notEqual(theirs ?? ours, ours, `${line}: ${why}`);
    }
  });
});
