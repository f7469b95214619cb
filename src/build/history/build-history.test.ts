import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../../base/logger.ts';
import { memoryRecords } from '../../base/records.ts';
import type { Progress } from '../solver/index.ts';
import { BuildHistory } from './build-history.ts';
import type { HistoryRecord } from './history-record.ts';

const BUILDS = 300;
const KEPT = 50;

const record = (id: string, createdAt: number): HistoryRecord => ({
  ...{ id, createdAt, frontend: 'test.v0', frontendAttrs: {}, exporters: [], response: {}, results: [] },
  ...{ steps: { total: 0, completed: 0, cached: 0 }, warnings: 0, isPinned: false, generation: 1 },
});

test('builds that end all at once leave the records and logs of the newest, written one after the other', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const records = memoryRecords<HistoryRecord>();
  let reads = 0;
  const counted = {
    ...records,
    all() {
      reads += 1;
      return records.all();
    },
  };
  const history = new BuildHistory({ records: counted, folder, logger: silentLogger, now: () => BUILDS });
  let writing = 0;
  let most = 0;
  let written = 0;
  async function* log(id: number): AsyncGenerator<readonly Progress[]> {
    most = Math.max(most, ++writing);
    written += 1;
    yield [{ kind: 'warning', text: String(id) } as unknown as Progress];
    await new Promise((resolve) => setTimeout(resolve, 1));
    writing -= 1;
  }
  for (let id = 0; id < BUILDS; id++) history.begin(record(String(id), id));
  for (let id = 0; id < BUILDS; id++) history.end(record(String(id), id), log(id));
  await history.idle();
  assert.equal(most, 1);
  assert.equal(written, KEPT);
  assert.equal(reads, 1, 'records are large: the end of a build reads none but those that it removes');
  assert.deepEqual(
    records.all().map(({ id }) => Number(id)),
    Array.from({ length: KEPT }, (_, at) => BUILDS - KEPT + at),
  );
  assert.equal(readdirSync(join(folder, 'history')).length, KEPT);
  assert.equal(history.log('0'), undefined);
  const pieces = [];
  for await (const batch of history.log(String(BUILDS - 1)) ?? []) pieces.push(...batch);
  assert.equal(pieces.length, 1);

  const again = new BuildHistory({ records, folder, logger: silentLogger, now: () => BUILDS + 49 * 3600 * 1000 });
  await again.idle();
  assert.deepEqual([records.all(), readdirSync(join(folder, 'history'))], [[], []]);
});
