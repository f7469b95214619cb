import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { clientEnvironment } from '../support/client-environment.ts';
import { CLIS, useEngine } from '../support/fixture.ts';
import { readBlocks, readLines, record } from './command-record.ts';

/** What ours prints otherwise than dockerd, by command line, and why. */
export type Differences = Readonly<Record<string, { readonly ours: string; readonly why: string }>>;

/**
 * Declares tests that run the command lines of records, and compare what the docker command line prints with what it printed with
 * dockerd 28.5. `npm run record` makes the records anew.
 */
export function compareRecords(title: string, names: readonly string[], differences: Differences): void {
  const engine = useEngine();
  const records = names.map((name) => ({
    name,
    lines: readLines(new URL(`./${name}.lines.txt`, import.meta.url)),
    dockerd: readBlocks(readFileSync(new URL(`./${name}.dockerd.txt`, import.meta.url), 'utf8')),
  }));
  suite(title, { skip: CLIS.includes('docker') ? false : 'no docker CLI on this machine' }, () => {
    for (const { name, lines, dockerd } of records) {
      test(`${name}: each command line prints what it prints with dockerd, or what the list of differences says`, async () => {
        const folder = engine().dataRoot;
        const ours = readBlocks(await record(lines, { ...clientEnvironment(folder), DOCKER_HOST: engine().host }));
        const faults: string[] = [];
        for (const [line, expected] of dockerd) {
          const wanted = differences[line]?.ours ?? expected;
          const found = ours.get(line);
          if (found !== wanted) faults.push(`$ ${line}\n--- dockerd\n${wanted}\n--- ours\n${found}`);
        }
        assert.deepEqual(faults.join('\n\n'), '');
        assert.deepEqual([...ours.keys()], [...dockerd.keys()], 'the record is of these lines');
      });
    }

    test('each listed difference is one', () => {
      for (const [line, { ours, why }] of Object.entries(differences)) {
        const theirs = records.map(({ dockerd }) => dockerd.get(line)).find((block) => block !== undefined);
        assert.notEqual(theirs ?? ours, ours, `${line}: ${why}`);
      }
    });
  });
}
