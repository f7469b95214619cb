import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from './collect-garbage.ts';

test('pages of the heap that held garbage go back to the system', () => {
  collectGarbage();
  const before = process.memoryUsage().heapTotal;
  let garbage: object[] | undefined = Array.from({ length: 500_000 }, (_, at) => ({ at, text: [at] }));
  const full = process.memoryUsage().heapTotal;
  assert.ok(garbage.length > 0 && full - before > 20e6, `${full - before} bytes`);
  garbage = undefined;
  collectGarbage();
  const left = process.memoryUsage().heapTotal - before;
  assert.ok(left < 10e6, `${left} bytes are kept`);
});
