import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryRecords } from '../../src/base/records.ts';
import { openStateDb } from '../../src/store/db/index.ts';
import { CalledMethods } from './called-methods.ts';
import { recordsSuite, type Thing } from './records.suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'gantry-records-suite-'));
const db = openStateDb(folder, { ballastBytes: 65_536 });
after(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

let tables = 0;
recordsSuite('table of the state database', () => {
  tables += 1;
  return db.table<Thing>(`things_${'x'.repeat(tables)}`, { durable: false });
});
const called = new CalledMethods();
recordsSuite('records in memory', () => called.watch(memoryRecords<Thing>()));
test('records in memory: its suite uses each of its members', () => called.assertAll());
