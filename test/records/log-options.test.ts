import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { clientEnvironment } from '../support/client-environment.ts';
import { CLIS, useEngine } from '../support/fixture.ts';
import { readBlocks, readLines, record } from './command-record.ts';
import { LOG_DIFFERENCES } from './log-options.differences.ts';

/** What the docker command line prints for options of log drivers, compared with a record of dockerd 28.5. */

const engine = useEngine();
const dockerd = readBlocks(readFileSync(new URL('./log-options.dockerd.txt', import.meta.url), 'utf8'));

suite('options of log drivers', { skip: CLIS.includes('docker') ? false : 'no docker CLI on this machine' }, () => {
  test('each command line prints what it prints with dockerd, or what the list of differences says', async () => {
    const lines = readLines(new URL('./log-options.lines.txt', import.meta.url));
    const env = { ...clientEnvironment(engine().dataRoot), DOCKER_HOST: engine().host };
    const ours = readBlocks(await record(lines, env));
    const faults = [...dockerd].flatMap(([line, expected]) => {
      const wanted = LOG_DIFFERENCES[line]?.ours ?? expected;
      return ours.get(line) === wanted ? [] : [`$ ${line}\n--- dockerd\n${wanted}\n--- ours\n${ours.get(line)}`];
    });
    assert.equal(faults.join('\n\n'), '');
    assert.deepEqual([...ours.keys()], [...dockerd.keys()], 'the record is of these lines');
  });

  test('each listed difference is one', () => {
    for (const [line, { ours, why }] of Object.entries(LOG_DIFFERENCES)) assert.notEqual(dockerd.get(line), ours, why);
  });
});
